//! What the window costs while nothing happens: a quiet device is connected, and nobody touches the mouse.

use crate::Failed;
use crate::inspection::Inspection;
use crate::screen::{Screen, processor_time};
use crate::start::window;
use crate::{programs, wire};
use rumqttc::{MqttOptions, QoS};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

const MEASURED: Duration = Duration::from_secs(20);
/// The window rests once it drew nothing for so long.
const REST: Duration = Duration::from_secs(3);
const RESTS_WITHIN: Duration = Duration::from_mins(2);

pub fn idle() -> Result<(), Failed> {
    let Some(mut screen) = Screen::start()? else { return Err("Xvfb is not installed".into()) };
    let data = tempfile::tempdir()?;
    let (mqtt, inspection) = (programs::free_address()?, programs::free_address()?);
    let mut command = window(&programs::workbench()?, &mqtt.to_string(), "127.0.0.1:0", data.path());
    command.env("EGUI_INSPECTION", inspection.to_string());
    let program = screen.open(&mut command)?;
    screen.wait_for_frame()?;
    let mut inspection = Inspection::connect(inspection)?;

    let (device, _) = wire::credentials()?;
    let mut options = MqttOptions::new(device.client_id, mqtt.ip().to_string(), mqtt.port());
    options.set_credentials(device.username, device.password).set_keep_alive(Duration::from_secs(5));
    let (client, mut connection) = rumqttc::Client::new(options, 10);
    thread::Builder::new().name("device".into()).spawn(move || connection.iter().for_each(drop))?;
    client.publish("bench/hello", QoS::AtLeastOnce, false, "hello")?;

    let resting = Instant::now();
    let question = wait_for_rest(&mut inspection)?;
    println!("idle.rests-after {:.0} s", resting.elapsed().as_secs_f64());
    let (used, frames) = spent(&program.0, &mut inspection, question)?;
    println!("idle.processor {:.2} % of one core", used * 100.0);
    println!("idle.frames {frames}");
    let _ = client.try_disconnect();
    Ok(())
}

/// Waits until two questions are as far apart as two in a row, which themselves draw: the answer comes with a frame.
/// Returns how far.
fn wait_for_rest(inspection: &mut Inspection) -> Result<u64, Failed> {
    let deadline = Instant::now() + RESTS_WITHIN;
    while Instant::now() < deadline {
        let asked = inspection.frames()?;
        let again = inspection.frames()?;
        thread::park_timeout(REST);
        let rested = inspection.frames()?;
        if rested - again <= again - asked {
            return Ok(rested - again);
        }
    }
    Err(format!("the window still draws after {RESTS_WITHIN:?}").into())
}

/// The share of a core used, and the frames drawn besides those of the question.
fn spent(process: &Child, inspection: &mut Inspection, question: u64) -> Result<(f64, u64), Failed> {
    let frames = inspection.frames()?;
    thread::park_timeout(REST);
    let (time, begun) = (processor_time(process)?, Instant::now());
    thread::park_timeout(MEASURED);
    let (took, time) = (begun.elapsed(), processor_time(process)?.saturating_sub(time));
    Ok((time.as_secs_f64() / took.as_secs_f64(), inspection.frames()?.saturating_sub(frames + question)))
}
