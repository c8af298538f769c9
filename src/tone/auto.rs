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
use crate::tone::reduce::Reduced;

/// The developed picture.
pub(super) struct Developed {
    /// Display values, as if everything were opaque.
    pub(super) display: Grid<f32>,
    /// Display value -> fraction of the largest density.
    pub(super) density: Curve,
    /// Whether the visible picture is one even grey.
    pub(super) flat: bool,
}

/// Develops reduced light; `weight` tells how visible each pixel is.
pub(super) fn develop(reduced: &Reduced, weight: &Grid<f32>, settings: &ToneSettings) -> Developed {
    let encode = Curve::tabulate(display_of_light);
    let mut display = reduced.light.clone();
    display.for_each_row(|row, values| {
        for (value, &cover) in values.iter_mut().zip(reduced.cover.row(row)) {
            *value = match cover {
                cover if cover <= 0.0 => 0.0,
                cover if settings.invert => 1.0 - encode.at(*value / cover),
                cover => encode.at(*value / cover),
            };
        }
    });

    let levels = Levels::judge(&display, weight);
    let level = Curve::tabulate(|display| levels.apply(display));
    display.for_each_row(|_, values| {
        for value in values {
            *value = level.at(*value);
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
