//! The matte: which part of the photo is the subject, and what is left of the background.
//!
//! From the photo's alpha channel, from a file, by a network that the user has, or found in the photo
//! itself ([`find`]). A matte that was found says how sure it is; one that is not sure enough is not
//! used, and the whole photo is etched up to the soft outline of the heart. A network says nothing of
//! the kind, and its matte is taken as it is.

mod auto;
mod barrier;
mod colors;
mod even;
mod file;
mod flow;
mod mixture;
mod parts;
mod person;
mod refine;
mod segment;
mod sure;

use std::path::Path;

use crate::depth::DepthMap;
use crate::error::{Error, Result};
use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::network::{self, NetworkUsed};
use crate::photo::Photo;
use crate::run::Run;
use crate::settings::{MatteSettings, MatteSource};

pub use self::auto::{Found, find};
use self::refine::to_photo;
use self::sure::SURE_FROM;
pub use self::sure::Signs;

/// A matte that leaves out less of the photo than this marks no subject.
const SUBJECT_LEAVES: f64 = 0.02;

/// What a matte is found in, beside the photo.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// A small copy of the photo in colour, of any size; without it, colours are not told apart.
    pub color: Option<&'a Grid<[u8; 3]>>,
    /// The depth map, where there is one.
    pub depth: Option<&'a DepthMap>,
    /// The eyes of the person who is the subject, in pixels of the photo, where they are known.
    pub eyes: Option<Eyes>,
    /// Largest picture that is decoded for a matte, millions of pixels.
    pub max_megapixels: Option<f64>,
}

/// A matte and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Matte {
    /// Opacity of the subject, 0 to 1, of the photo's size; `None`: the whole photo.
    pub grid: Option<Grid<f32>>,
    /// Where it came from: `none`, `alpha`, `auto`, or the file of the matte or the network.
    pub source: String,
    /// How it was made.
    pub method: String,
    /// How sure the method is, 0 to 1; `None` where nothing was guessed.
    pub confidence: Option<f32>,
    /// The network, where one was asked.
    pub network: Option<NetworkUsed>,
    /// Share of the photo that is subject, 0 to 1; 1 without a matte.
    pub share: f64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Matte {
    /// No matte: the whole photo.
    fn whole(source: &str, method: &str) -> Self {
        Self {
            grid: None,
            source: source.to_owned(),
            method: method.to_owned(),
            confidence: None,
            network: None,
            share: 1.0,
            warnings: Vec::new(),
        }
    }

    fn of(grid: Grid<f32>, source: String, method: &str) -> Self {
        Self {
            share: share(&grid),
            grid: Some(grid),
            source,
            method: method.to_owned(),
            confidence: None,
            network: None,
            warnings: Vec::new(),
        }
    }

    /// Whether it marks a subject: some of the photo, and not all of it.
    #[must_use]
    pub fn marks_subject(&self) -> bool {
        self.grid.is_some() && self.share > 0.0 && self.share < 1.0 - SUBJECT_LEAVES
    }
}

/// Finds the matte of a photo.
///
/// # Errors
///
/// [`Error::Setting`] for a background out of range; as for a photo, where the matte is a file,
/// and [`Error::Content`] for one that is not this photo's; as [`network::matte`], where a network
/// is asked.
pub fn matte(
    photo: &Photo,
    hints: Hints<'_>,
    settings: &MatteSettings,
    run: &Run,
) -> Result<Matte> {
    validate(settings)?;
    match &settings.source {
        MatteSource::None => Ok(Matte::whole("none", "the whole photo")),
        MatteSource::Alpha => Ok(from_alpha(photo, "alpha")),
        MatteSource::File(path) => from_file(path, photo, hints),
        MatteSource::Auto => {
            let alpha = from_alpha(photo, "auto");
            // A cut-out by hand is better than any guess.
            if alpha.marks_subject() {
                return Ok(alpha);
            }
            match &settings.model {
                Some(model) => from_network(model, photo, hints, settings, run),
                None => Ok(from_photo(photo, hints)),
            }
        }
    }
}

/// Refuses a background that is no number or out of range.
///
/// # Errors
///
/// [`Error::Setting`].
pub(crate) fn validate(settings: &MatteSettings) -> Result<()> {
    if (0.0..=1.0).contains(&settings.background) {
        return Ok(());
    }
    Err(Error::setting(
        "--background",
        &settings.background,
        "does not lie between 0 and 1",
        "0 drops the background, 0.2 dims it, 1 keeps it",
    ))
}

/// What is etched: all of the subject, and of the rest the share `background`, as far as the photo
/// is not transparent. `None`: all of the photo.
#[must_use]
pub fn cover(matte: &Matte, photo: &Photo, background: f64) -> Option<Grid<f32>> {
    let subject = matte.grid.as_ref()?;
    let background = background as f32;
    let width = subject.width();
    let alpha = photo.alpha.as_ref().map(Grid::values);
    let values = subject.values();
    Some(Grid::from_fn(width, subject.height(), |column, row| {
        let index = row * width + column;
        let whole = alpha.map_or(1.0, |alpha| alpha[index]);
        values[index] + (whole - values[index]).max(0.0) * background
    }))
}

fn from_alpha(photo: &Photo, source: &str) -> Matte {
    match &photo.alpha {
        Some(alpha) => Matte::of(
            alpha.clone(),
            source.to_owned(),
            "the photo's alpha channel",
        ),
        None => Matte::whole(source, "the whole photo: it has no alpha channel"),
    }
}

fn from_file(path: &Path, photo: &Photo, hints: Hints<'_>) -> Result<Matte> {
    let size = (photo.luminance.width(), photo.luminance.height());
    let read = file::read(path, size, hints.max_megapixels)?;
    let grid = with_alpha(read.matte, photo);
    let mut matte = Matte::of(grid, path.display().to_string(), read.method);
    if matte.share <= 0.0 {
        return Err(Error::content(
            path,
            "the matte is white only where the photo is transparent",
            "give another matte, or --matte alpha",
        ));
    }
    matte.warnings = read.warnings;
    Ok(matte)
}

/// A matte by a network; where it marks nothing, the whole photo.
fn from_network(
    model: &Path,
    photo: &Photo,
    hints: Hints<'_>,
    settings: &MatteSettings,
    run: &Run,
) -> Result<Matte> {
    let mut answer = network::matte(model, &settings.network, photo, hints.color, run)?;
    let used = answer.used();
    let source = model.display().to_string();
    let shows = answer.values.values().iter().any(|&value| value >= 0.5);
    let mut matte = if shows {
        let grid = with_alpha(to_photo(answer.values, &photo.luminance), photo);
        let [width, height] = used.input_px;
        let method = format!(
            "network {} at {width} x {height}, guided filter",
            used.family
        );
        Matte::of(grid, source, &method)
    } else {
        answer.warnings.push(
            "the network sees no subject in the photo: the whole photo is used; give a --matte \
             file"
                .to_owned(),
        );
        Matte::whole(&source, "none: the network sees no subject")
    };
    matte.network = Some(used);
    matte.warnings = answer.warnings;
    Ok(matte)
}

fn from_photo(photo: &Photo, hints: Hints<'_>) -> Matte {
    let grey;
    let color = match hints.color {
        Some(color) => color,
        None => {
            grey = auto::grey_of(photo);
            &grey
        }
    };
    let nearness = hints.depth.map(|depth| &depth.nearness);
    let scale = color.width() as f64 / photo.luminance.width() as f64;
    let eyes = hints.eyes.map(|eyes| eyes.scaled(scale));
    let Some(found) = find(color, nearness, eyes) else {
        let mut matte = Matte::whole("auto", "none: nothing stands out");
        matte.confidence = Some(0.0);
        matte.warnings.push(
            "no subject stands out of its background: the whole photo is used; give a --matte \
             file or a photo before a plainer background"
                .to_owned(),
        );
        return matte;
    };
    if !found.is_sure() {
        let mut matte = Matte::whole("auto", "none: the cut-out was not sure enough");
        matte.confidence = Some(found.confidence);
        matte.warnings.push(format!(
            "the subject could not be told from its background (confidence {:.2}, at least \
             {SURE_FROM} is needed): the whole photo is used; give a --matte file",
            found.confidence
        ));
        return matte;
    }
    let grid = with_alpha(to_photo(found.matte, &photo.luminance), photo);
    let mut matte = Matte::of(grid, "auto".to_owned(), found.method);
    matte.confidence = Some(found.confidence);
    matte
}

/// A matte no more opaque than the photo itself.
fn with_alpha(mut matte: Grid<f32>, photo: &Photo) -> Grid<f32> {
    if let Some(alpha) = &photo.alpha {
        matte.for_each_row(|row, values| {
            for (value, alpha) in values.iter_mut().zip(alpha.row(row)) {
                *value *= alpha;
            }
        });
    }
    matte
}

/// The mean, added row by row.
fn share(grid: &Grid<f32>) -> f64 {
    let row_sum = |row: usize| {
        let values = grid.row(row).iter();
        values.map(|&value| f64::from(value)).sum::<f64>()
    };
    (0..grid.height()).map(row_sum).sum::<f64>() / grid.values().len() as f64
}

#[cfg(test)]
mod tests;
