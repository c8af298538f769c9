//! Where depth comes from: a file, inside the photo, a network, an estimate without one.

pub mod embedded;
mod estimate;
mod file;
mod floats;
mod holes;
mod kind;
mod open_exr;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::eyes;
use crate::grid::Grid;
use crate::network::{self, NetworkUsed};
use crate::photo::Photo;
use crate::run::Run;
use crate::settings::{DepthSettings, DepthSource};

/// Largest ratio between the shapes (width over height) of depth map and photo that passes without
/// a word: rounding to a multiple of 32, as networks want it, changes 640 x 427 by 5 %.
const SHAPE_WARNING: f64 = 1.06;

/// Largest ratio that is taken for a map of the same scene. Networks squeeze any photo into a
/// square, which makes 16:9 into a ratio of 1.78.
const SHAPE_LIMIT: f64 = 2.0;

/// How much jumps shrink in maps that hold the background too: before a far wall a face would get
/// little of the relief otherwise. An assumption, to be settled on real maps.
const BACKGROUND_CURVE: f64 = 0.5;

/// Estimated nearness, without unit, of any pixel size, over the whole photo.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthMap {
    /// Larger is nearer; NaN where nothing is known.
    pub nearness: Grid<f32>,
}

/// By which means depth was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DepthMethod {
    /// There is none: a flat picture.
    #[default]
    None,
    /// A file with a depth map.
    File,
    /// Depth that the camera stored in the photo.
    Embedded,
    /// A network that looked at the photo.
    Network,
    /// An estimate by the subject's outline and the eyes.
    Estimate,
}

/// What depth is found from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The decoded photo.
    pub photo: &'a Photo,
    /// Its file, where it has one.
    pub path: Option<&'a Path>,
    /// A small copy of the photo in colour, sRGB; networks see grey without it.
    pub color: Option<&'a Grid<[u8; 3]>>,
    /// Opacity, 0 to 1, of the photo's size; `None`: the whole photo.
    pub matte: Option<&'a Grid<f32>>,
}

/// A depth map and what is to be said of it.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    /// The map; `None` for a flat picture.
    pub map: Option<DepthMap>,
    /// By which means it was found.
    pub method: DepthMethod,
    /// Where it came from, for the report.
    pub origin: String,
    /// How sure the method is, 0 to 1; `None` where depth was measured, not guessed.
    pub confidence: Option<f32>,
    /// The nearest and the farthest distance that the map can express, in metres; `None` where
    /// nothing names a unit.
    pub range_m: Option<(f64, f64)>,
    /// The network, where one was asked.
    pub network: Option<NetworkUsed>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Depth {
    /// How this depth is shaped: the settings with what they leave to the method filled in.
    #[must_use]
    pub fn shaping(&self, settings: &DepthSettings) -> DepthSettings {
        let sees_background = [DepthMethod::Embedded, DepthMethod::Network].contains(&self.method);
        let mut settings = settings.clone();
        settings.relief_curve.get_or_insert(if sees_background {
            BACKGROUND_CURVE
        } else {
            0.0
        });
        settings
    }
}

/// Finds the depth of a photo.
///
/// # Errors
///
/// [`Error::Read`] and [`Error::Content`] for a file that holds no usable depth, and for a photo that
/// should hold some and does not; [`Error::Setting`] for a source that is not at hand.
pub fn depth(scene: &Scene<'_>, settings: &DepthSettings, run: &Run) -> Result<Depth> {
    match &settings.source {
        DepthSource::None => Ok(Depth {
            origin: "none".to_owned(),
            ..Depth::default()
        }),
        DepthSource::Auto => {
            if let Some(model) = &settings.model {
                return from_network(model, scene, settings, run);
            }
            match from_photo(scene) {
                Ok(Some(depth)) => Ok(depth),
                Ok(None) => from_nothing(scene, settings, Vec::new()),
                // Damaged depth in a photo is no reason to give up.
                Err(error @ Error::Content { .. }) => {
                    from_nothing(scene, settings, vec![error.to_string()])
                }
                Err(error) => Err(error),
            }
        }
        DepthSource::Embedded => from_photo(scene)?.ok_or_else(|| no_embedded(scene)),
        DepthSource::File(path) => from_file(path, scene.photo, settings),
    }
}

fn no_embedded(scene: &Scene<'_>) -> Error {
    let remedy = "give a depth map as a file, --depth auto, or --depth none";
    match scene.path {
        Some(path) => Error::content(path, "holds no depth that phones store in photos", remedy),
        None => Error::setting("--depth", &"embedded", "needs the photo's file", remedy),
    }
}

/// The depth inside the photo's file; `None` if there is none.
fn from_photo(scene: &Scene<'_>) -> Result<Option<Depth>> {
    let Some(path) = scene.path else {
        return Ok(None);
    };
    let Some(found) = embedded::find(path)? else {
        return Ok(None);
    };
    let map = found.map;
    let size = (map.nearness.width(), map.nearness.height());
    let mut warnings = found.warnings;
    warnings.extend(check_shape(path, size, scene.photo)?);
    Ok(Some(Depth {
        map: Some(map),
        method: DepthMethod::Embedded,
        origin: found.origin,
        confidence: None,
        range_m: found.range_m,
        network: None,
        warnings,
    }))
}

/// Depth by a network; what the user says of its values counts before what its family says.
fn from_network(
    model: &Path,
    scene: &Scene<'_>,
    settings: &DepthSettings,
    run: &Run,
) -> Result<Depth> {
    let answer = network::depth(model, &settings.network, scene.photo, scene.color, run)?;
    let kind = kind::said(settings).unwrap_or(answer.kind);
    let used = answer.used();
    let [width, height] = answer.input_px;
    let origin = format!(
        "network {}, {} at {width} x {height}, {}",
        model.display(),
        answer.family,
        kind.label()
    );
    Ok(Depth {
        map: Some(DepthMap {
            nearness: kind::nearness(answer.values, kind),
        }),
        method: DepthMethod::Network,
        origin,
        confidence: None,
        range_m: None,
        network: Some(used),
        warnings: answer.warnings,
    })
}

/// An estimate.
fn from_nothing(
    scene: &Scene<'_>,
    settings: &DepthSettings,
    mut warnings: Vec<String>,
) -> Result<Depth> {
    let eyes = eyes::named(settings, scene.photo)?;
    let found = estimate::estimate(scene.photo, scene.matte, eyes);
    if scene.matte.is_none() {
        warnings.push(
            "depth is a gentle dome over the whole photo, since its subject is not known; a \
             matte, a network (--depth-model) or a depth map gives more"
                .to_owned(),
        );
    }
    Ok(Depth {
        map: Some(DepthMap {
            nearness: found.nearness,
        }),
        method: DepthMethod::Estimate,
        origin: found.origin.to_owned(),
        confidence: Some(found.confidence),
        range_m: None,
        network: None,
        warnings,
    })
}

fn from_file(path: &Path, photo: &Photo, settings: &DepthSettings) -> Result<Depth> {
    let mut stored = file::read(path)?;
    let (width, height) = (stored.values.width(), stored.values.height());
    let kind = kind::kind_of(&stored, settings);
    let mut warnings = Vec::new();
    warnings.extend(check_shape(path, (width, height), photo)?);
    let holes = holes::mark(&mut stored, kind.near());
    if holes == 1.0 {
        return Err(Error::content(
            path,
            "depth map holds no depth, only zeros, NaN or infinities",
            "give another, or --depth none",
        ));
    }
    if holes > 0.5 {
        let percent = holes * 100.0;
        warnings.push(format!(
            "{percent:.0} % of the depth map are holes, filled from around them"
        ));
    }
    let origin = format!(
        "file {}, {width} x {height}, {}, {}",
        path.display(),
        stored.sample.label(),
        kind.label()
    );
    Ok(Depth {
        map: Some(DepthMap {
            nearness: kind::nearness(stored.values, kind),
        }),
        method: DepthMethod::File,
        origin,
        confidence: None,
        range_m: None,
        network: None,
        warnings,
    })
}

/// Refuses a depth map of another scene's shape; returns a warning for one that is only stretched.
fn check_shape(path: &Path, depth_px: (usize, usize), photo: &Photo) -> Result<Option<String>> {
    let photo_px = (photo.luminance.width(), photo.luminance.height());
    let shape = |(width, height): (usize, usize)| width as f64 / height as f64;
    let ratio = |a: f64, b: f64| (a / b).max(b / a);
    let off = ratio(shape(depth_px), shape(photo_px));
    let turned_off = ratio(1.0 / shape(depth_px), shape(photo_px));
    let sizes = format!(
        "depth map of {} x {} for a photo of {} x {}",
        depth_px.0, depth_px.1, photo_px.0, photo_px.1
    );
    if off > SHAPE_WARNING && turned_off < 1.02 && off > 1.2 {
        return Err(Error::content(
            path,
            format!("{sizes} lies on its side"),
            "turn the depth map by a quarter",
        ));
    }
    if off > SHAPE_LIMIT {
        return Err(Error::content(
            path,
            format!("{sizes} has another shape (factor {off:.2}, limit {SHAPE_LIMIT})"),
            "give the depth map of this photo",
        ));
    }
    Ok((off > SHAPE_WARNING).then(|| {
        format!("{sizes} has another shape (factor {off:.2}); it is stretched over the photo")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Near;
    use std::path::PathBuf;

    fn photo(width: usize, height: usize) -> Photo {
        Photo {
            luminance: Grid::filled(width, height, 0.5),
            alpha: None,
            warnings: Vec::new(),
        }
    }

    fn ask(photo: &Photo, settings: &DepthSettings) -> Result<Depth> {
        let scene = Scene {
            photo,
            path: None,
            color: None,
            matte: None,
        };
        depth(&scene, settings, &Run::default())
    }

    fn grey_file(width: u32, height: u32, values: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("depth.png");
        image::save_buffer(&path, values, width, height, image::ExtendedColorType::L8).unwrap();
        (folder, path)
    }

    fn settings(path: PathBuf, near: Near) -> DepthSettings {
        DepthSettings {
            source: DepthSource::File(path),
            near: Some(near),
            ..DepthSettings::default()
        }
    }

    #[test]
    fn without_a_source_there_is_no_map() {
        let depth = ask(&photo(4, 4), &DepthSettings::default()).unwrap();
        assert!(depth.map.is_none() && depth.warnings.is_empty());
    }

    #[test]
    fn larger_is_nearer_whichever_end_of_the_file_is_near() {
        let (_folder, path) = grey_file(2, 1, &[10, 200]);
        for (near, nearest) in [(Near::Bright, 1), (Near::Dark, 0)] {
            let depth = ask(&photo(2, 1), &settings(path.clone(), near)).unwrap();
            let nearness = depth.map.unwrap().nearness;
            assert!(nearness.at(nearest, 0) > nearness.at(1 - nearest, 0));
        }
    }

    #[test]
    fn shapes_that_do_not_match_are_told() {
        let values = [90; 600];
        let (_folder, path) = grey_file(30, 20, &values);
        let ask = |width, height| ask(&photo(width, height), &settings(path.clone(), Near::Bright));
        assert!(ask(3000, 2000).unwrap().warnings.is_empty());
        assert_eq!(ask(2000, 2000).unwrap().warnings.len(), 1);
        assert!(ask(2000, 3000).unwrap_err().to_string().contains("side"));
        assert!(
            ask(900, 9000)
                .unwrap_err()
                .to_string()
                .contains("another shape")
        );
    }

    #[test]
    fn a_file_of_zeros_is_a_flat_far_wall_or_nothing_at_all() {
        let (_folder, path) = grey_file(30, 20, &[0; 600]);
        let all = ask(&photo(30, 20), &settings(path, Near::Bright)).unwrap();
        assert!(all.map.unwrap().nearness.values().iter().all(|&v| v == 0.0));
    }
}
