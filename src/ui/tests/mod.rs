//! What the window promises, by accessible name.
