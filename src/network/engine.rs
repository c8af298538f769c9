//! The engine: loads a network that has been looked through and runs it once.
//!
//! Both happen on a thread of their own, so that a job can stop while the engine, which knows no
//! stopping, is at work; it then ends its work unheard. The engine's sums depend on its number of
//! threads in their last digits, so it always has the same number, whatever the machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rten::{Model, RunOptions, ThreadPool, Value};
use rten_tensor::Layout as _;

use super::Numbers;
use crate::error::{Error, Result};
use crate::run::Run;

/// How often the waiting thread looks whether it should stop.
const WAIT: Duration = Duration::from_millis(30);

/// Time after which the bar stands at half: a network of middle size on two cores.
const HALF_WAY_S: f32 = 3.0;

/// Threads of the engine, on every machine: as many as most have processors, and few enough not to
/// stand in one another's way on two.
const THREADS: usize = 8;

/// Stack of the engine's thread: deep graphs are walked by recursion.
const STACK_BYTES: usize = 64 << 20;

/// Largest value that a network with fixed sides may make between two operators, in numbers: 2 GB.
const MOST_BETWEEN: usize = 1 << 29;

/// Loads a network and runs it on one input; returns its first outputs, as many as are asked for.
pub(super) fn run(
    path: &Path,
    bytes: Vec<u8>,
    values: Vec<String>,
    input: Numbers,
    outputs: usize,
    run: &Run,
) -> Result<Vec<Numbers>> {
    let refused = |problem: String| refused(path, &problem);
    let work = move || {
        let model = Model::load(bytes).map_err(|error| advice(&error.to_string()))?;
        check_between(&model, &values)?;
        let (sides, numbers) = input;
        let input = Value::from_shape(sides, numbers).map_err(|error| error.to_string())?;
        let first = *model.input_ids().first().ok_or("takes no input")?;
        let wanted: Vec<_> = model.output_ids().iter().copied().take(outputs).collect();
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::new(ThreadPool::with_num_threads(THREADS)));
        let values = model
            .run(vec![(first, input.into())], &wanted, Some(options))
            .map_err(|error| format!("cannot be run: {}", line(&error.to_string())))?;
        values.into_iter().map(numbers_of).collect()
    };
    apart(work, run)?.map_err(refused)
}

/// The error for a network that cannot be used.
pub(super) fn refused(path: &Path, problem: &str) -> Error {
    Error::content(path, problem, "give another network, or none")
}

/// Does work on a thread of its own and waits for it, or for the job to stop.
fn apart<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, String> + Send + 'static,
    run: &Run,
) -> Result<std::result::Result<T, String>> {
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new()
        .name("network".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Nobody listens any more once the job was stopped.
            let _ = sender.send(work());
        });
    if let Err(error) = spawned {
        return Ok(Err(format!("cannot be run: no thread: {error}")));
    }
    let start = Instant::now();
    loop {
        match receiver.recv_timeout(WAIT) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) => {
                run.check()?;
                // The engine does not tell how far it is; the bar creeps toward its end.
                let waited = start.elapsed().as_secs_f32() / HALF_WAY_S;
                run.progress("network", waited / (1.0 + waited));
            }
            // The engine panicked: a fault in it, on a network that it does not understand.
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(Err(
                    "makes the engine fail; try a simplified export".to_owned()
                ));
            }
        }
    }
}

/// Refuses a network whose values, as far as their sides are fixed, take too much memory.
fn check_between(model: &Model, values: &[String]) -> std::result::Result<(), String> {
    for name in values {
        let node = model.find_node(name).and_then(|id| model.node_info(id));
        let Some(shape) = node.and_then(|node| node.shape()) else {
            continue;
        };
        let numbers = shape.iter().try_fold(1usize, |product, side| match side {
            rten::Dimension::Fixed(side) => Some(product.saturating_mul(*side)),
            rten::Dimension::Symbolic(_) => None,
        });
        if let Some(numbers) = numbers.filter(|&numbers| numbers > MOST_BETWEEN) {
            return Err(format!(
                "makes a value `{name}` of {numbers} numbers, limit {MOST_BETWEEN}"
            ));
        }
    }
    Ok(())
}

/// The engine's message on loading, with what helps where an operator is unknown to it.
fn advice(message: &str) -> String {
    let message = line(message);
    if message.contains("not supported") || message.contains("unsupported") {
        format!("cannot be loaded: {message} (a simplified export, as onnxsim makes it, may help)")
    } else {
        format!("cannot be loaded: {message}")
    }
}

/// One line of a message that may have several.
fn line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn numbers_of(value: Value) -> std::result::Result<Numbers, String> {
    let sides = value.shape().to_vec();
    match value {
        Value::FloatTensor(tensor) => Ok((sides, tensor.into_data())),
        Value::UInt8Tensor(tensor) => {
            let numbers = tensor.into_data().into_iter().map(f32::from).collect();
            Ok((sides, numbers))
        }
        _ => Err("gives no numbers of floating point".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_stops_while_the_engine_is_at_work() {
        let run = Arc::new(Run::default());
        let other = Arc::clone(&run);
        let start = Instant::now();
        let stopper = thread::spawn(move || other.stop());
        let result = apart(
            || {
                thread::park_timeout(Duration::from_secs(20));
                Ok(())
            },
            &run,
        );
        assert!(matches!(result, Err(Error::Cancelled)));
        assert!(start.elapsed() < Duration::from_secs(5));
        stopper.join().unwrap();
    }

    #[test]
    fn a_failing_engine_is_a_clean_error() {
        let work = || -> std::result::Result<(), String> { panic!("as the engine may") };
        let result = apart(work, &Run::default()).unwrap();
        assert!(result.unwrap_err().contains("simplified"));
    }

    #[test]
    fn unknown_operators_are_named_with_what_helps() {
        let text = advice("in node \"a\": operator error:\n Foo operator not supported");
        assert!(text.contains("Foo operator") && text.contains("simplified"));
        assert!(!text.contains('\n'));
    }
}
