//! Names in a query whose values are no secrets, however their words are put together: `fwVersion`, `fw_ver`, `fwversion`.

/// Words that such names are made of, digits and marks left out. `key`, `code`, `state`, `session`, `nonce` and their like are
/// none: what is not known goes.
const WORDS: &str = "addr address algorithm app application arch board boot bootloader branch bucket build bundle category channel \
    checksum chip class client commit component content count country crc current date day delta description dev \
    device did diff digest dir display domain download encoding end endpoint env environment etag event ext \
    extension factory family file filehash firmware firmwarehash flash format from full fw fwhash gateway group \
    hardware host hw iccid id image imagehash imei img imsi index job kind lang language len length level line \
    locale location mac major manufacturer md meid minor mode model modem module name network node number offset \
    order os ota package page part partition patch path percent phase pid pkg platform port prev previous product \
    productkey progress project protocol range ref region release request rev revision rollout rom schema sdk seq \
    sequence serial series server service sha signmethod site size slot soc software source stage status storage \
    stream sw system tag target task tenant time timestamp timezone to total type udid unit update upgrade uri url \
    user uuid variant vendor ver version zone";
/// The same, as they stand: put together with others, letters as few as these say anything.
const WHOLE: [&str; 12] = ["dn", "e", "exp", "expire", "expires", "pk", "sn", "st", "t", "ts", "v", "uid"];
/// A longer name is none of these.
const LONGEST: usize = 48;

/// Whether a query's value of this name is no secret.
pub(super) fn is_harmless(name: &[u8]) -> bool {
    let name: Vec<_> = name.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    if name.len() > LONGEST {
        return false;
    }
    WHOLE.iter().any(|known| known.as_bytes() == name) || is_of_words(&name)
}

/// Whether the letters can be read as such words, one behind the other.
fn is_of_words(letters: &[u8]) -> bool {
    let mut reached = [false; LONGEST + 1];
    reached[0] = true;
    for at in 0..letters.len() {
        if reached[at] {
            let rest = &letters[at..];
            WORDS
                .split(' ')
                .filter(|word| rest.starts_with(word.as_bytes()))
                .for_each(|word| reached[at + word.len()] = true);
        }
    }
    !letters.is_empty() && reached[letters.len()]
}
