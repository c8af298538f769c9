//! Networks that a user brings as ONNX files: depth, mattes and eyes from a photo.
//!
//! The file is looked through first (`outline.rs`), and refused where the engine would be wrong
//! without saying so: quantised convolutions give other numbers, cubic enlargement runs as linear.
//! What the network wants its input to be is known by its family (`family.rs`) or said by the user;
//! the engine (`engine.rs`) runs it once.
//!
//! Without the feature `network` everything here is refused with a message.
//!
//! # Guarantees
//!
//! - No memory is taken for a tensor whose bytes are not in the file.
//! - The job stops while a network is loaded or run.
//!
//! Does not promise to bound the memory of a file made to do harm: run those in a sandbox.

#[cfg(feature = "network")]
mod engine;
mod faces;
mod family;
mod outline;
mod picture;
mod wire;

use std::fs;
use std::path::Path;
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::faces::{Faces, eyes};
use self::family::Wants;
use self::outline::{Outline, Port};
use self::picture::Layout;
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::photo::Photo;
use crate::run::Run;
use crate::settings::{DepthKind, Family, ModelSettings, Scaling};

/// Largest network file, bytes. Depth Anything V2 large has 1.3 GB; the format itself ends at 2 GB.
const MAX_BYTES: u64 = 2_000_000_000;

/// Largest side that a free input may have, px: memory of a transformer grows with its fourth
/// power. An assumption: about twice the largest native side, 518.
const LARGEST_SIDE_PX: usize = 1064;

/// Sides and numbers of an input or an output.
type Numbers = (Vec<usize>, Vec<f32>);

/// Operators whose results the engine gets wrong without a word: it was measured to.
const WRONG: [&str; 3] = ["ConvInteger", "QLinearConv", "ConvIntegerToFloat"];

/// What a network said of a photo.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The values of its output, over the whole photo.
    pub values: Grid<f32>,
    /// What they mean, for a network of depth.
    pub kind: DepthKind,
    /// The network's family, for the report.
    pub family: String,
    /// Columns and rows of its input.
    pub input_px: [usize; 2],
    /// Size of the weights, millions of bytes.
    pub weights_mb: f64,
    /// Time to load and to run it, s.
    pub seconds: f64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A network that was asked, for the report.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NetworkUsed {
    /// Its family, or `unknown`.
    pub family: String,
    /// Columns and rows of its input.
    pub input_px: [usize; 2],
    /// Size of its weights, millions of bytes.
    pub weights_mb: f64,
    /// Time to load and to run it, s.
    pub seconds: f64,
}

impl Answer {
    /// What the report says of the network.
    #[must_use]
    pub fn used(&self) -> NetworkUsed {
        NetworkUsed {
            family: self.family.clone(),
            input_px: self.input_px,
            weights_mb: self.weights_mb,
            seconds: self.seconds,
        }
    }
}

/// Depth of a photo by a network; `color` is the photo's small copy in colour, grey without.
///
/// # Errors
///
/// [`Error::Read`]; [`Error::Content`] for a network that cannot be used; [`Error::Setting`] for a
/// size that it does not take; [`Error::Cancelled`].
pub fn depth(
    model: &Path,
    settings: &ModelSettings,
    photo: &Photo,
    color: Option<&Grid<[u8; 3]>>,
    run: &Run,
) -> Result<Answer> {
    let mut answer = answer(model, settings, photo, color, Task::Depth, run)?;
    let (mut least, mut largest) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut unknown = 0;
    for value in answer.values.values_mut() {
        if value.is_finite() {
            (least, largest) = (least.min(*value), largest.max(*value));
        } else {
            *value = f32::NAN;
            unknown += 1;
        }
    }
    if unknown * 2 > answer.values.values().len() {
        return Err(refused(model, "answers with NaN or infinity: no depth map"));
    }
    if largest <= least {
        answer
            .warnings
            .push("the network sees the same depth everywhere".to_owned());
    }
    Ok(answer)
}

/// The matte of a photo by a network: opacity, 0 to 1, on the pixels of its output.
///
/// # Errors
///
/// As [`depth`].
pub fn matte(
    model: &Path,
    settings: &ModelSettings,
    photo: &Photo,
    color: Option<&Grid<[u8; 3]>>,
    run: &Run,
) -> Result<Answer> {
    let mut answer = answer(model, settings, photo, color, Task::Matte, run)?;
    let (mut least, mut largest) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut unknown = 0;
    for value in answer.values.values() {
        if value.is_finite() {
            (least, largest) = (least.min(*value), largest.max(*value));
        } else {
            unknown += 1;
        }
    }
    if unknown * 2 > answer.values.values().len() {
        return Err(refused(model, "answers with NaN or infinity: no matte"));
    }
    if least < -0.01 || largest > 1.01 {
        let problem = format!("answers with values from {least} to {largest}: no matte");
        return Err(refused(model, &problem));
    }
    for value in answer.values.values_mut() {
        // Where the network says nothing there is no subject; NaN is clamped to nothing else.
        *value = if value.is_finite() {
            value.clamp(0.0, 1.0)
        } else {
            0.0
        };
    }
    Ok(answer)
}

/// Runs a network on bare numbers, looked through as ever: sides and numbers of its first output.
///
/// For comparing the engine with another one.
///
/// # Errors
///
/// As [`depth`].
#[cfg(feature = "network")]
pub fn raw(
    model: &Path,
    sides: Vec<usize>,
    numbers: Vec<f32>,
    run: &Run,
) -> Result<(Vec<usize>, Vec<f32>)> {
    let (bytes, outline) = look_through(model)?;
    let input = (sides, numbers);
    let mut answers = engine::run(model, bytes, outline.values, input, 1, run)?;
    answers
        .pop()
        .ok_or_else(|| refused(model, "gives no output"))
}

/// What a network is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Depth,
    Matte,
}

impl Task {
    /// The flag for the size of the network's input.
    fn size_flag(self) -> &'static str {
        match self {
            Self::Depth => "--model-size",
            Self::Matte => "--matte-model-size",
        }
    }

    /// The flags for a network that is not known.
    fn remedies(self) -> &'static str {
        match self {
            Self::Depth => "--model-family, --model-scaling or --near",
            Self::Matte => "--matte-model-family or --matte-model-scaling",
        }
    }
}

fn refused(path: &Path, problem: &str) -> Error {
    Error::content(path, problem, "give another network, or none")
}

fn answer(
    model: &Path,
    settings: &ModelSettings,
    photo: &Photo,
    color: Option<&Grid<[u8; 3]>>,
    task: Task,
    run: &Run,
) -> Result<Answer> {
    let start = Instant::now();
    let (bytes, outline) = look_through(model)?;
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    let guess = match task {
        Task::Depth => family::of_depth(&outline, &name),
        Task::Matte => family::of_matte(&outline, &name),
    };
    let mut warnings = Vec::new();
    let known = settings.family.or(guess);
    let family = known.unwrap_or(match task {
        Task::Depth => Family::Midas,
        Task::Matte => Family::U2net,
    });
    if known.is_none() {
        warnings.push(format!(
            "the network is of no known family and treated as {}; if near and far or the shapes \
             come out wrong, give {}",
            family.label(),
            task.remedies()
        ));
    }
    let mut wants = family.wants();
    if family::scales_itself(&outline) {
        wants.scaling = Scaling::Unit;
    }
    if family == Family::DepthAnything && family::is_metric(&name) {
        wants.kind = DepthKind::Distance;
    }
    let aspect = photo.luminance.width() as f64 / photo.luminance.height() as f64;
    let layout = layout(model, &outline, settings, &wants, (family, task), aspect)?;
    if outline.cubic {
        let native = (wants.side_px, wants.side_px);
        if family == Family::DepthAnything && (layout.width_px, layout.height_px) != native {
            let shown = format!("{}x{}", layout.width_px, layout.height_px);
            let limit = "is not the 518x518 at which this network needs no cubic enlargement, \
                         which would be wrong";
            let remedy = "leave the size out, or export the network for 518x518";
            return Err(Error::setting(task.size_flag(), &shown, limit, remedy));
        }
        if family != Family::DepthAnything {
            warnings.push(
                "the network enlarges by cubic interpolation, which runs as linear here; fine \
                 shapes may come out softer"
                    .to_owned(),
            );
        }
    }
    let colors = picture::colors(photo, color);
    let input = picture::tensor(&colors, &layout)
        .ok_or_else(|| refused(model, "takes no picture of this size"))?;
    let weights_mb = outline.weight_bytes as f64 / 1e6;
    run.check()?;
    let values = map(model, bytes, outline.values, input, &outline.outputs, run)?;
    Ok(Answer {
        values,
        kind: wants.kind,
        family: known.map_or("unknown", Family::label).to_owned(),
        input_px: [layout.width_px, layout.height_px],
        weights_mb,
        seconds: start.elapsed().as_secs_f64(),
        warnings,
    })
}

/// Reads a network, and refuses it where the engine would go wrong.
fn look_through(model: &Path) -> Result<(Vec<u8>, Outline)> {
    let bytes = read(model)?;
    let outline = Outline::read(&bytes).map_err(|problem| refused(model, &problem))?;
    let wrong = |name: &&&str| outline.operators.contains_key(**name);
    if let Some(wrong) = WRONG.iter().find(wrong) {
        return Err(Error::content(
            model,
            format!("is quantised: its operator {wrong} would give wrong numbers"),
            "export the network in floating point",
        ));
    }
    Ok((bytes, outline))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > MAX_BYTES {
        let problem = format!("has {length} bytes, limit {MAX_BYTES} for a network");
        return Err(Error::content(path, problem, "give a smaller network"));
    }
    fs::read(path).map_err(failed)
}

/// How the network takes the photo: what its input fixes, else the user, else its family.
fn layout(
    model: &Path,
    outline: &Outline,
    settings: &ModelSettings,
    wants: &Wants,
    (family, task): (Family, Task),
    aspect: f64,
) -> Result<Layout> {
    let [input] = &outline.inputs[..] else {
        let names: Vec<&str> = outline
            .inputs
            .iter()
            .map(|port| port.name.as_str())
            .collect();
        let problem = format!(
            "takes {} inputs ({}), not one photo",
            names.len(),
            names.join(", ")
        );
        return Err(refused(model, &problem));
    };
    let (interleaved, height, width) = sides(input).ok_or_else(|| {
        let problem = format!(
            "takes `{}` of type {} and sides {:?}, not a photo of 1 x 3 x height x width in f32",
            input.name, input.element, input.dims
        );
        refused(model, &problem)
    })?;
    let free = free_size(settings, wants, family, outline.cubic, aspect);
    let size = [width.unwrap_or(free[0]), height.unwrap_or(free[1])];
    let shown = format!("{}x{}", size[0], size[1]);
    if let Some(asked) = settings.size_px
        && asked.map(|side| side as usize) != size
    {
        let asked = format!("{}x{}", asked[0], asked[1]);
        let limit = format!("is not the {shown} that the network takes");
        return Err(Error::setting(
            task.size_flag(),
            &asked,
            limit,
            "leave the size out",
        ));
    }
    let multiple = wants.multiple_px;
    let odd = |side: usize| !(multiple..=LARGEST_SIDE_PX).contains(&side);
    let fixed = width.is_some() && height.is_some();
    let ragged = |side: usize| !fixed && !side.is_multiple_of(multiple);
    if size
        .iter()
        .any(|&side| (odd(side) && !fixed) || ragged(side) || side > 4096)
    {
        let limit = format!(
            "has a side that is no multiple of {multiple} from {multiple} to {LARGEST_SIDE_PX}"
        );
        return Err(Error::setting(
            task.size_flag(),
            &shown,
            limit,
            "give another size",
        ));
    }
    Ok(Layout {
        width_px: size[0],
        height_px: size[1],
        scaling: settings.scaling.unwrap_or(wants.scaling),
        channels: settings.channels.unwrap_or(wants.channels),
        interleaved,
    })
}

/// Whether channels come last, height and width of an input for one photo, as far as fixed.
fn sides(input: &Port) -> Option<(bool, Option<usize>, Option<usize>)> {
    let [batch, a, b, c] = input.dims[..] else {
        return None;
    };
    let one = batch.is_none_or(|batch| batch == 1);
    match (a, c) {
        _ if !one || input.element != 1 => None,
        (Some(3), _) => Some((false, b, c)),
        (_, Some(3)) => Some((true, a, b)),
        (None, _) => Some((false, b, c)),
        _ => None,
    }
}

/// Size of an input whose sides are free: as asked, or the photo's shape at the family's area; the
/// native square where another would be wrong.
fn free_size(
    settings: &ModelSettings,
    wants: &Wants,
    family: Family,
    cubic: bool,
    aspect: f64,
) -> [usize; 2] {
    if let Some(asked) = settings.size_px {
        return asked.map(|side| side as usize);
    }
    let side = wants.side_px as f64;
    if cubic || family == Family::U2net {
        return [wants.side_px; 2];
    }
    // No narrower than 1 : 2; the rest is squeezed, as the families were trained to bear.
    let stretch = aspect.clamp(0.5, 2.0).sqrt();
    let multiple = wants.multiple_px as f64;
    let whole = |length: f64| ((length / multiple).round().max(1.0) * multiple) as usize;
    [whole(side * stretch), whole(side / stretch)]
}

/// The output that is the map: by its name, else the first.
fn wanted(outputs: &[Port]) -> usize {
    let is_map = |port: &Port| ["predicted_depth", "depth"].contains(&port.name.as_str());
    outputs.iter().position(is_map).unwrap_or(0)
}

/// Runs a network, and takes its map.
fn map(
    model: &Path,
    bytes: Vec<u8>,
    values: Vec<String>,
    input: Numbers,
    outputs: &[Port],
    run: &Run,
) -> Result<Grid<f32>> {
    let index = wanted(outputs);
    let mut answers = run_engine(model, bytes, values, input, index + 1, run)?;
    let name = outputs.get(index).map_or("", |port| port.name.as_str());
    let (mut sides, numbers) = answers
        .drain(..)
        .nth(index)
        .ok_or_else(|| refused(model, "gives no output"))?;
    let shape = format!("{sides:?}");
    sides.retain(|&side| side != 1);
    match sides[..] {
        [height, width] => Grid::from_values(width, height, numbers),
        _ => None,
    }
    .ok_or_else(|| {
        let problem = format!("answers `{name}` with sides {shape}, not one map");
        refused(model, &problem)
    })
}

/// Runs a network on one input; returns its first outputs, as many as are asked for.
#[cfg(feature = "network")]
fn run_engine(
    model: &Path,
    bytes: Vec<u8>,
    values: Vec<String>,
    input: Numbers,
    outputs: usize,
    run: &Run,
) -> Result<Vec<Numbers>> {
    engine::run(model, bytes, values, input, outputs, run)
}

/// Says that there is no engine.
#[cfg(not(feature = "network"))]
fn run_engine(
    model: &Path,
    _: Vec<u8>,
    _: Vec<String>,
    _: Numbers,
    _: usize,
    _: &Run,
) -> Result<Vec<Numbers>> {
    Err(Error::content(
        model,
        "cannot be run: this glyptic was built without networks",
        "build it with --features network, or give depth, matte or eyes",
    ))
}
