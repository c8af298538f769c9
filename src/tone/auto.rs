//! `--tone auto`: the chain of curves that makes a photo read well in glass.
//!
//! On display values (sRGB-encoded luminance), in this order: inversion, levels, local contrast,
//! brightness and contrast, then toning to density between floor and ceiling. All but the local
//! contrast are curves of one variable, folded into two tables.

use crate::grid::Grid;
use crate::settings::ToneSettings;
use crate::tone::curve::{Curve, density_of_display, display_of_light};
use crate::tone::levels::Levels;
use crate::tone::local::raise_contrast;

/// The developed picture.
pub(super) struct Developed {
    /// Display values, as if everything were opaque.
    pub(super) display: Grid<f32>,
    /// Display value -> fraction of the largest density.
    pub(super) density: Curve,
    /// Whether the visible picture is one even grey.
    pub(super) flat: bool,
}

/// Pixels that are enough to judge a picture by.
const ENOUGH_PX: usize = 500_000;

/// Develops reduced light, which is `cover` at most; `weight` tells how visible each pixel is.
pub(super) fn develop(
    light: Grid<f32>,
    cover: &Grid<f32>,
    weight: &Grid<f32>,
    settings: &ToneSettings,
) -> Developed {
    let encoded = |light: f32| {
        if settings.invert {
            1.0 - display_of_light(light)
        } else {
            display_of_light(light)
        }
    };
    // As if everything were opaque.
    let through = |curve: &Curve, light: f32, cover: f32| {
        if cover > 0.0 {
            curve.at(light / cover)
        } else {
            0.0
        }
    };
    let levels = {
        // Of a large map, every so many rows and columns tell as much.
        let step = (light.values().len() / ENOUGH_PX).isqrt().max(1);
        let (width, height) = (light.width().div_ceil(step), light.height().div_ceil(step));
        let encode = Curve::tabulate(encoded);
        let display = Grid::from_fn(width, height, |column, row| {
            let (column, row) = (column * step, row * step);
            through(&encode, light.at(column, row), cover.at(column, row))
        });
        let weight = Grid::from_fn(width, height, |column, row| {
            weight.at(column * step, row * step)
        });
        Levels::judge(&display, &weight)
    };

    let level = Curve::tabulate(|light| levels.apply(encoded(light)));
    let mut display = light;
    display.for_each_row(|row, values| {
        for (value, &cover) in values.iter_mut().zip(cover.row(row)) {
            *value = through(&level, *value, cover);
        }
    });
    if !levels.flat {
        raise_contrast(&mut display, weight);
    }

    let (brightness, contrast) = (settings.brightness as f32, settings.contrast as f32);
    let density_of = density_of_display(settings);
    let density = Curve::tabulate(|display| {
        let adjusted = (display - 0.5) * contrast + 0.5 + brightness;
        density_of(adjusted.clamp(0.0, 1.0))
    });
    Developed {
        display,
        density,
        flat: levels.flat,
    }
}
