//! Depth inside the photo, as phones store it.
//!
//! Two layouts are read, both Google's and used by many makers: *GDepth*, an image in base64 in the
//! photo's XMP packet, mostly spread over extended segments, and *Dynamic Depth*, an image appended
//! to the photo and described by a container in its XMP packet. Both store distances; nearness is
//! the distance with its sign turned around, so that a plane in the world stays a plane. The map is turned
//! upright with its photo.
//!
//! Not read: confidence maps; HEIC (nor is the photo); Samsung's and Intel's older layouts.

mod scale;
mod xmp;

use std::path::Path;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use image::metadata::Orientation;

use super::DepthMap;
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::photo::decode::channel;
use crate::photo::metadata::{Metadata, metadata};
use crate::photo::orientation::Turn;
use scale::Scale;
use xmp::{Found, Item};

/// Largest depth map, in millions of pixels: four times what any phone's sensor sees.
const MAX_MEGAPIXELS: f64 = 50.0;

/// Base64 as XMP holds it: some writers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const REMEDY: &str = "give the depth map as a file, or --depth none";

/// A depth map that was found in a photo.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The map, upright as the photo; nearness is minus the distance.
    pub map: DepthMap,
    /// Where it was found and what it claims, for the report.
    pub origin: String,
    /// The nearest and the farthest distance that its values can express, in metres; `None` where
    /// the file names no unit.
    pub range_m: Option<(f64, f64)>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// The depth map inside a photo; `None` if there is none.
///
/// # Errors
///
/// As [`find`].
pub fn embedded(path: &Path) -> Result<Option<DepthMap>> {
    Ok(find(path)?.map(|found| found.map))
}

/// The depth map inside a photo and what is to be said of it; `None` if there is none.
///
/// # Errors
///
/// [`Error::Read`]; [`Error::Content`] for what is no photo, and for depth that the photo announces
/// and that is missing or damaged.
pub fn find(path: &Path) -> Result<Option<Embedded>> {
    let Some(metadata) = metadata(path)? else {
        return Ok(None);
    };
    let Some(packet) = &metadata.xmp else {
        return Ok(None);
    };
    if !xmp::mentions_depth(packet) {
        return Ok(None);
    }
    let broken = |problem: String| broken(path, &problem);
    let mut found = Found::default();
    found.read(packet).map_err(broken)?;
    if let Some(digest) = found.extended.clone() {
        match metadata.extended_xmp(&digest) {
            Ok(extended) => found.read(&extended).map_err(broken)?,
            // Photos carry other things there; only depth that lacks its image is lost.
            Err(problem) if found.gdepth.near.is_some() && found.data.is_none() => {
                return Err(broken(problem));
            }
            Err(_) => {}
        }
    }
    if let Some(data) = &found.data {
        let bytes = unpack(data).map_err(broken)?;
        let scale = &found.gdepth;
        // The unit's default is the metre.
        let unit = scale::metres(scale.units.as_deref(), Some(1.0));
        return decode(path, &metadata, &bytes, scale, unit, "GDepth").map(Some);
    }
    let is_depth = |semantic: &Option<String>| {
        let semantic = semantic.as_deref().unwrap_or("Depth");
        !semantic.eq_ignore_ascii_case("Segmentation")
    };
    let Some(map) = found.maps.iter().find(|map| is_depth(&map.semantic)) else {
        return Ok(None);
    };
    let bytes = item(&metadata, &found.items, map.uri.as_deref()).map_err(broken)?;
    let unit = scale::metres(map.scale.units.as_deref(), None);
    decode(path, &metadata, bytes, &map.scale, unit, "Dynamic Depth").map(Some)
}

fn broken(path: &Path, problem: &str) -> Error {
    let problem = format!("the depth inside the photo cannot be read ({problem})");
    Error::content(path, problem, REMEDY)
}

fn unpack(data: &str) -> std::result::Result<Vec<u8>, String> {
    let packed: Vec<u8> = data
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    BASE64
        .decode(packed)
        .map_err(|error| format!("its base64 is damaged: {error}"))
}

/// The appended file that holds the depth map.
fn item<'a>(
    metadata: &'a Metadata,
    items: &[Item],
    uri: Option<&str>,
) -> std::result::Result<&'a [u8], String> {
    let names_depth = |name: &Option<String>| {
        let name = name.as_deref().unwrap_or_default().to_ascii_lowercase();
        name.contains("depth") && !name.contains("confidence")
    };
    let wanted = items
        .iter()
        .position(|item| uri.is_some() && item.uri.as_deref() == uri)
        .or_else(|| {
            items
                .iter()
                .position(|i| names_depth(&i.semantic) || names_depth(&i.uri))
        })
        .filter(|&position| position > 0)
        .ok_or("its container has no item with the depth map")?;
    let appended = metadata
        .appended()
        .ok_or("nothing is appended to the photo")?;
    // An item without a length shares the file of the one before.
    let holder = (1..=wanted)
        .rev()
        .find(|&position| items[position].length > 0)
        .ok_or("its container gives no length")?;
    let sum = |items: &[Item]| {
        let lengths = items
            .iter()
            .map(|item| item.length.saturating_add(item.padding));
        lengths.fold(0, u64::saturating_add)
    };
    let after_photo = items[0].padding.saturating_add(sum(&items[1..holder]));
    // Some writers count from the end of the file, with something before that is not listed.
    let before_end = (appended.len() as u64).checked_sub(sum(&items[holder..]));
    [Some(after_photo), before_end]
        .into_iter()
        .flatten()
        .filter_map(|start| {
            let start = usize::try_from(start).ok()?;
            let end = start.checked_add(usize::try_from(items[holder].length).ok()?)?;
            appended.get(start..end)
        })
        .find(|bytes| bytes.starts_with(b"\xff\xd8\xff") || bytes.starts_with(b"\x89PNG"))
        .ok_or_else(|| {
            format!(
                "no image stands where its container says, {after_photo} bytes after the photo, \
                 with {} bytes appended",
                appended.len()
            )
        })
}

fn decode(
    path: &Path,
    metadata: &Metadata,
    bytes: &[u8],
    stated: &xmp::Scale,
    unit_m: Option<f64>,
    layout: &str,
) -> Result<Embedded> {
    let values = channel(path, bytes, MAX_MEGAPIXELS).map_err(|error| match error {
        Error::Content { problem, .. } => broken(path, &problem),
        other => other,
    })?;
    let scale = Scale::new(stated);
    let turn = turn(metadata, &values);
    let nearness: Grid<f32> = turn.upright(values.values(), |values, nearness: &mut [f32]| {
        for (&value, nearness) in values.iter().zip(nearness) {
            *nearness = -scale.distance(f64::from(value)) as f32;
        }
    });
    let mut warnings = Vec::new();
    let range_m = scale
        .ends()
        .zip(unit_m)
        .map(|((near, far), unit)| (near * unit, far * unit));
    let kind = match scale {
        Scale::Linear { .. } => "RangeLinear",
        Scale::Inverse { .. } => "RangeInverse",
        Scale::Unknown => {
            warnings.push(
                "the depth inside the photo does not say how near and far it reaches; its values \
                 are taken as distances"
                    .to_owned(),
            );
            "no scale"
        }
    };
    let (width, height) = (nearness.width(), nearness.height());
    let range = range_m.map_or(String::new(), |(near, far)| {
        format!(", {near:.2} to {far:.2} m")
    });
    Ok(Embedded {
        map: DepthMap { nearness },
        origin: format!("embedded, {layout}, {width} x {height}, {kind}{range}"),
        range_m,
        warnings,
    })
}

/// How the map is turned upright: as its photo, unless its shape shows that it stands upright
/// already.
fn turn(metadata: &Metadata, map: &Grid<f32>) -> Turn {
    let shape = |(width, height): (usize, usize)| (width as f64 / height as f64).ln();
    let (photo, own) = (shape(metadata.size), shape((map.width(), map.height())));
    let lies_as_stored = (photo - own).abs() <= (photo + own).abs();
    let upright_swaps = Turn::new(metadata.orientation, 2, 1).width == 1;
    let orientation = if upright_swaps && !lies_as_stored {
        Orientation::NoTransforms
    } else {
        metadata.orientation
    };
    Turn::new(orientation, map.width(), map.height())
}
