//! Two captures compared, in words: what the window's dialog and the command line say.

use super::captures::verdict_words;
use super::words::{self, say, tell};
use crate::diagnosis::Finding;
use crate::dialect;
use crate::event::Micros;
use crate::replay::{Course, Did, Lane, Step};

/// One upgrade: who, where to, how it ended.
#[must_use]
pub fn course(course: &Course) -> String {
    let Course { device, version, dialect, state, .. } = course;
    let (_, state) = verdict_words(state);
    tell("compare.course", &[("device", device), ("version", version), ("dialect", dialect), ("state", &state)])
}

/// Who tells of the first difference.
#[must_use]
pub fn parting(lane: Lane) -> String {
    let lane = say(&format!("compare.lane-{}", lane.id()));
    tell("compare.parting", &[("lane", &lane)])
}

/// What was done in a step, and when; nothing more when there is none. `dialect` is the upgrade's.
#[must_use]
pub fn step(step: Option<&Step>, dialect: &str) -> String {
    let Some(Step { at, what, .. }) = step else { return say("compare.no-more") };
    tell("compare.step", &[("what", &did(*what, dialect)), ("at", at)])
}

/// The event in which a step was done.
#[must_use]
pub fn event(step: &Step) -> String {
    tell("compare.event", &[("n", &words::count(step.seq))])
}

fn did(what: Did, dialect: &str) -> String {
    let key = format!("compare.did-{}", what.id());
    match what {
        Did::Failed { code } => {
            let meaning = dialect::find(dialect).map_or("device-failed", |dialect| dialect.failure(code));
            let why = words::find(&format!("captures.failed-{meaning}")).unwrap_or_else(|| meaning.to_owned());
            tell(&key, &[("why", &why), ("code", &code)])
        }
        Did::Answered { status, .. } => tell(&key, &[("code", &status)]),
        Did::Block { code } => tell(&key, &[("code", &code)]),
        _ => say(&key),
    }
}

/// What the workbench found wrong with one run: what is seen, and what it means.
#[must_use]
pub fn findings(found: &[Finding]) -> Vec<String> {
    let part = |finding: &Finding, part| words::finding(finding.code, part, &finding.args);
    found.iter().map(|finding| format!("{} {}", part(finding, "seen"), part(finding, "means"))).collect()
}

/// How much later, or earlier, the second one was: the difference of the two times as they are shown.
#[must_use]
pub fn difference(a: Micros, b: Micros) -> String {
    let shown = |at: Micros| Micros::from_millis(at.0 / 1_000);
    let (a, b) = (shown(a), shown(b));
    match b.cmp(&a) {
        std::cmp::Ordering::Less => format!("−{}", a - b),
        std::cmp::Ordering::Equal => Micros(0).to_string(),
        std::cmp::Ordering::Greater => format!("+{}", b - a),
    }
}

#[cfg(test)]
mod tests {
    use super::{Did, Micros, Step, did, difference, event, step};
    use crate::ui::words::{Language, speak};

    /// Whoever subtracts the two columns himself gets what the third one says.
    #[test]
    fn the_difference_is_that_of_the_times_as_they_are_shown() {
        for (a, b, told) in [
            (1_000_000, 1_250_000, "+0.250"),
            (2_000_000, 500_000, "−1.500"),
            (2_094_900, 2_089_100, "−0.005"),
            (1_999, 2_000, "+0.001"),
            (1_000, 1_999, "0.000"),
        ] {
            assert_eq!(difference(Micros(a), Micros(b)), told, "{} {}", Micros(a), Micros(b));
        }
    }

    #[test]
    fn every_step_is_told_in_the_language_being_spoken() {
        for (what, english, chinese) in [
            (Did::Received, "push received", "已收到推送"),
            (Did::Begun, "begins", "开始升级"),
            (Did::Downloading, "downloading", "下载中"),
            (Did::Burning, "writing to flash", "写入闪存"),
            (Did::Runs { target: true }, "reports the target version", "上报目标版本"),
            (Did::Runs { target: false }, "reports another version", "上报其他版本"),
            (Did::Succeeded { target: None }, "reports success", "上报成功"),
            (Did::Succeeded { target: Some(true) }, "reports success with the target version", "上报成功（目标版本）"),
            (Did::Succeeded { target: Some(false) }, "reports success with another version", "上报成功（其他版本）"),
            (Did::Failed { code: -4 }, "reports failure: MD5 mismatch (-4)", "上报失败：MD5 不一致（-4）"),
            (Did::Answered { status: 206, complete: true }, "answered with 206", "应答 206"),
            (Did::Answered { status: 206, complete: false }, "206, broken off", "206，中途断开"),
            (Did::Block { code: 200 }, "block answered with 200", "数据块应答 200"),
            (Did::Acknowledged, "acknowledges", "确认收到"),
            (Did::Connected, "signs in", "登录"),
            (Did::Disconnected, "goes away", "断开"),
        ] {
            for (language, told) in [(Language::English, english), (Language::Chinese, chinese)] {
                speak(language);
                assert_eq!(did(what, "uiot-v2"), told, "{what}");
            }
        }
        let one = Step { at: Micros::from_millis(2_094), seq: 1_029, what: Did::Downloading };
        assert_eq!(step(Some(&one), "uiot"), "2.094 秒时下载中");
        assert_eq!(event(&one), "事件 1,029");
        speak(Language::English);
        assert_eq!(step(Some(&one), "uiot"), "downloading at 2.094 s");
        assert_eq!(event(&one), "event 1,029");
        assert_eq!(step(None, "uiot"), "nothing more");
    }
}
