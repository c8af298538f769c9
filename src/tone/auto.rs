//! `--tone auto`: the chain of curves that makes a photo read well in glass.
//!
//! On display values (sRGB-encoded luminance), in this order: inversion, levels, local contrast,
//! brightness and contrast, then toning to density between floor and ceiling. All but the local
//! contrast are curves of one variable, folded into two tables.

use crate::settings::ToneSettings;
use crate::tone::curve::{Curve, density_of_display, display_of_light};
use crate::tone::fade::Part;
use crate::tone::levels::Levels;
use crate::tone::local::Contrast;
use crate::tone::reduce::{Cover, Plane};
use crate::tone::shown::{Sample, Shown, opaque};

/// How a picture is developed.
pub(super) struct Development {
    /// Light -> display value after levels.
    level: Curve,
    /// Nothing for one even grey.
    contrast: Option<Contrast>,
    /// Display value -> fraction of the largest density.
    density: Curve,
    /// Whether the visible picture is one even grey.
    pub(super) flat: bool,
}

impl Development {
    /// Judges reduced light, which is `cover` at most, by what is shown of it.
    pub(super) fn judge(
        light: &Plane<'_>,
        cover: &Cover,
        shown: &Shown<'_>,
        settings: &ToneSettings,
    ) -> Self {
        let encoded = |light: f32| {
            if settings.invert {
                1.0 - display_of_light(light)
            } else {
                display_of_light(light)
            }
        };
        let sample = Sample::new(light, cover, shown);
        let encode = Curve::tabulate(encoded);
        let display = sample.values.map(|light| encode.at(light));
        let levels = Levels::judge(&display, &sample.weight);
        let level = Curve::tabulate(|light| levels.apply(encoded(light)));
        let contrast = (!levels.flat).then(|| {
            let display = Sample {
                values: sample.values.map(|light| level.at(light)),
                ..sample
            };
            Contrast::judge(&display, (light.width(), light.height()))
        });
        let (brightness, contrast_by) = (settings.brightness as f32, settings.contrast as f32);
        let density_of = density_of_display(settings);
        let density = Curve::tabulate(|display| {
            let adjusted = (display - 0.5) * contrast_by + 0.5 + brightness;
            density_of(adjusted.clamp(0.0, 1.0))
        });
        Self {
            level,
            contrast,
            density,
            flat: levels.flat,
        }
    }

    /// The density of each pixel of a part of a row, 0 to 1; `weights` tells how much each counts, and
    /// those that do not keep their contrast.
    pub(super) fn densities(
        &self,
        part: &Part<'_>,
        light: &[f32],
        cover: &[f32],
        weights: &[f32],
        densities: &mut [f32],
    ) {
        for ((value, &light), &cover) in densities.iter_mut().zip(light).zip(cover) {
            *value = opaque(light, cover);
        }
        self.level.apply(densities);
        if let Some(contrast) = &self.contrast {
            contrast.raise(part.row, part.columns.start, densities, weights);
        }
        self.density.apply(densities);
        for (value, &cover) in densities.iter_mut().zip(cover) {
            *value *= cover;
        }
    }
}
