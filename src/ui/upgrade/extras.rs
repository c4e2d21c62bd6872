//! What only one cloud announces, as it is chosen before a push.

use crate::bench::{Bench, PushExtras};
use crate::dialect;
use crate::event::{Extras, ImageId};
use crate::ui::words::{say, tell};
use eframe::egui::{TextEdit, Ui};
use std::collections::BTreeSet;

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtrasDraft {
    sha256: bool,
    differential: bool,
    over_mqtt: bool,
    /// `name=value`, one after the other, with semicolons between them.
    tags: String,
    more: BTreeSet<ImageId>,
}

impl ExtrasDraft {
    /// What is asked for, if the dialect announces such things at all.
    #[must_use]
    pub fn ordered(&self, dialect: &str, first: ImageId, bench: &Bench) -> PushExtras {
        if !are_announced(dialect) {
            return PushExtras::default();
        }
        let tags = self.tags.split(';').map(str::trim).filter(|tag| !tag.is_empty());
        let tags = tags.map(|tag| tag.split_once('=').unwrap_or((tag, "")));
        PushExtras {
            sha256: self.sha256,
            differential: self.differential,
            over_mqtt: self.over_mqtt,
            tags: tags.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect(),
            more: self.more.iter().copied().filter(|more| *more != first && bench.build(*more).is_some()).collect(),
        }
    }
}

/// Whether pushes in this dialect have any of it.
#[must_use]
pub fn are_announced(dialect: &str) -> bool {
    let one = Extras { sha256: true, ..Extras::default() };
    dialect::find(dialect).is_ok_and(|dialect| dialect.check_extras(&one).is_ok())
}

/// Draws the choices. `builds` are those that can go along as further files.
pub fn extras_ui(ui: &mut Ui, draft: &mut ExtrasDraft, builds: &[(ImageId, String)]) {
    ui.horizontal_wrapped(|ui| {
        ui.checkbox(&mut draft.sha256, say("push.sha256"));
        ui.checkbox(&mut draft.differential, say("push.differential"));
        ui.checkbox(&mut draft.over_mqtt, say("push.over-mqtt"));
        let label = ui.label(say("push.tags"));
        let tags = TextEdit::singleline(&mut draft.tags).desired_width(160.0).hint_text(say("push.tags-hint"));
        ui.add(tags).labelled_by(label.id);
        for (build, name) in builds {
            let mut along = draft.more.contains(build);
            if ui.checkbox(&mut along, tell("push.along", &[("name", name)])).changed() {
                draft.more.remove(build);
                draft.more.extend(along.then_some(*build));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Bench, ExtrasDraft};

    #[test]
    fn what_is_typed_as_tags_is_announced_in_that_order() {
        let draft = ExtrasDraft {
            sha256: true,
            tags: " b = 1; a=x=y ;;lone ".into(),
            more: [7].into(),
            ..ExtrasDraft::default()
        };
        let ordered = draft.ordered("aliyun", 1, &Bench::new(0));
        let tags: Vec<_> = ordered.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(tags, [("b", "1"), ("a", "x=y"), ("lone", "")]);
        assert!(ordered.sha256 && ordered.more.is_empty(), "a build that left the list does not go along");
        assert_eq!(draft.ordered("uiot-v2", 1, &Bench::new(0)), super::PushExtras::default());
    }
}
