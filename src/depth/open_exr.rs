//! Depth from OpenEXR files, as renderers write it: one channel of floating point, mostly among
//! many others.
//!
//! A channel `Z` holds distances from the camera (OpenEXR's own convention); a single channel, `Y`
//! or grey in `R` may hold anything, so the caller decides. A data window smaller or larger than
//! the display window is put in its place, since the photo has the size of the latter.
//!
//! Not read: deep images; channels with subsampling.

use std::io::Cursor;
use std::path::Path;

use ::exr::image::read::specific_channels::ReadSpecificChannel as _;
use ::exr::meta::MetaData;
use ::exr::meta::attribute::IntegerBounds;
use ::exr::meta::header::Header;
use ::exr::prelude::{ReadChannels as _, ReadLayers as _, Vec2, read};

use super::file::{Sample, Stored, check_size, unreadable};
use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::settings::DepthKind;

/// What renderers write where a ray met nothing is 1e10 (Blender), 1e30 (others) or infinity; no
/// scene reaches this far, in whatever unit.
const NOTHING_THERE: f32 = 1e9;

/// Whether the bytes start as an OpenEXR file does.
pub(super) fn is_exr(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x76, 0x2F, 0x31, 0x01])
}

/// Reads the depth channel of an OpenEXR file.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Stored> {
    let failed = |error: ::exr::error::Error| unreadable(path, &error);
    // Sizes are checked on the header alone, before any pixel takes memory.
    let meta = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(failed)?;
    for header in &meta.headers {
        check_window(path, header.layer_size)?;
        check_window(path, header.shared_attributes.display_window.size)?;
    }
    let (channel, is_distance) = depth_channel(path, &meta.headers)?;
    let image = read()
        .no_deep_data()
        .largest_resolution_level()
        .specific_channels()
        .required(channel.as_str())
        .collect_pixels(
            |size, _| (size.width(), vec![f32::NAN; size.area()]),
            |(width, values), at, (value,): (f32,)| values[at.y() * *width + at.x()] = value,
        )
        .first_valid_layer()
        .all_attributes()
        .non_parallel()
        .from_buffered(Cursor::new(bytes))
        .map_err(failed)?;
    let layer = &image.layer_data;
    let data = IntegerBounds {
        position: layer.attributes.layer_position,
        size: layer.size,
    };
    let (_, values) = &layer.channel_data.pixels;
    let values = in_display(values, data, image.attributes.display_window)
        .ok_or_else(|| unreadable(path, &"rows are missing"))?;
    Ok(Stored {
        values: values.map(|value| {
            if value.abs() < NOTHING_THERE {
                value
            } else {
                f32::NAN
            }
        }),
        sample: Sample::Float,
        kind: is_distance.then_some(DepthKind::Distance),
    })
}

fn check_window(path: &Path, size: Vec2<usize>) -> Result<()> {
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    check_size(path, side(size.width()), side(size.height()))
}

/// The channel that holds depth, and whether its name says that it holds distances.
fn depth_channel(path: &Path, headers: &[Header]) -> Result<(String, bool)> {
    let flat = headers.iter().filter(|header| !header.deep);
    let names: Vec<String> = flat
        .flat_map(|header| &header.channels.list)
        .map(|channel| channel.name.to_string())
        .collect();
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let is_distance = |name: &&String| last(name) == "z" || last(name) == "depth";
    // Blender 2.7 writes `RenderLayer.Depth.Z`, later ones `ViewLayer.Depth.V`.
    let in_depth = |name: &&String| name.to_ascii_lowercase().contains("depth.");
    if let Some(name) = names
        .iter()
        .find(is_distance)
        .or_else(|| names.iter().find(in_depth))
    {
        return Ok((name.clone(), true));
    }
    let plain = ["y", "r"]
        .iter()
        .find_map(|wanted| names.iter().find(|name| last(name) == *wanted));
    match (plain, &names[..]) {
        (Some(name), _) => Ok((name.clone(), false)),
        (None, [only]) => Ok((only.clone(), false)),
        _ => Err(Error::content(
            path,
            format!("has no channel with depth among {} channels", names.len()),
            "write the depth as channel Z, or as the only channel",
        )),
    }
}

/// The data window's values over the display window, NaN where it does not reach.
fn in_display(values: &[f32], data: IntegerBounds, display: IntegerBounds) -> Option<Grid<f32>> {
    let stored = Grid::from_values(data.size.width(), data.size.height(), values.to_vec())?;
    if data == display {
        return Some(stored);
    }
    let offset = |axis: fn(Vec2<i32>) -> i32| {
        i64::from(axis(display.position)) - i64::from(axis(data.position))
    };
    let (left, top) = (offset(|p| p.x()), offset(|p| p.y()));
    let inside = |at: i64, length: usize| usize::try_from(at).ok().filter(|&at| at < length);
    Some(Grid::from_fn(
        display.size.width(),
        display.size.height(),
        |column, row| {
            let x = inside(column as i64 + left, stored.width());
            let y = inside(row as i64 + top, stored.height());
            x.zip(y).map_or(f32::NAN, |(x, y)| stored.at(x, y))
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::exr::prelude::{
        AnyChannel, AnyChannels, Encoding, FlatSamples, Image, ImageAttributes, Layer,
        LayerAttributes, SmallVec, WritableImage as _,
    };

    /// A file of channels with these names, 4 x 3 pixels at `position`; the display window has
    /// 6 x 4.
    fn file(names: &[&str], position: (i32, i32)) -> Vec<u8> {
        let channel = |(index, name): (usize, &&str)| {
            let values = (0..12).map(|pixel| (100 * index + pixel) as f32).collect();
            AnyChannel::new(*name, FlatSamples::F32(values))
        };
        let channels: SmallVec<[_; 4]> = names.iter().enumerate().map(channel).collect();
        let mut attributes = LayerAttributes::named("depth");
        attributes.layer_position = Vec2(position.0, position.1);
        let layer = Layer::new(
            (4, 3),
            attributes,
            Encoding::SMALL_LOSSLESS,
            AnyChannels::sort(channels),
        );
        let window = IntegerBounds {
            position: Vec2(0, 0),
            size: Vec2(6, 4),
        };
        let image = Image::empty(ImageAttributes::new(window)).with_layer(layer);
        let mut bytes = Cursor::new(Vec::new());
        image
            .write()
            .non_parallel()
            .to_buffered(&mut bytes)
            .unwrap();
        bytes.into_inner()
    }

    fn decoded(names: &[&str], position: (i32, i32)) -> Stored {
        decode(Path::new("x.exr"), &file(names, position)).unwrap()
    }

    #[test]
    fn the_depth_channel_is_found_among_others_and_put_in_its_place() {
        let stored = decoded(&["R", "G", "ViewLayer.Depth.Z"], (1, 1));
        assert_eq!((stored.values.width(), stored.values.height()), (6, 4));
        assert!(stored.values.at(0, 0).is_nan() && stored.values.at(5, 3).is_nan());
        assert_eq!(stored.values.at(1, 1), 200.0);
        assert_eq!(stored.values.at(4, 3), 211.0);
        assert_eq!(stored.kind, Some(DepthKind::Distance));
    }

    #[test]
    fn what_hangs_over_the_display_window_is_cut() {
        let stored = decoded(&["Y"], (-1, -2));
        assert_eq!(stored.values.at(0, 0), 9.0);
        assert!(stored.values.at(3, 0).is_nan());
        assert_eq!(stored.kind, None);
    }

    #[test]
    fn files_without_depth_are_refused_in_one_line() {
        let bytes = file(&["U", "V"], (0, 0));
        let text = decode(Path::new("x.exr"), &bytes)
            .err()
            .unwrap()
            .to_string();
        assert!(text.contains("no channel with depth"), "{text}");
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let bytes = file(&["Z"], (0, 0));
        for length in 4..bytes.len() {
            let error = decode(Path::new("x.exr"), &bytes[..length]).err();
            assert!(!error.unwrap().to_string().contains('\n'));
        }
        for place in (4..bytes.len()).step_by(3) {
            for value in [0, 0x7F, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[place] = value;
                let _ = decode(Path::new("x.exr"), &damaged);
            }
        }
    }
}
