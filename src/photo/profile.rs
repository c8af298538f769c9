//! Colour profile -> how samples become light.
//!
//! For grey and for RGB with matrix and curves (nearly all profiles in photos) luminance is a sum
//! of one curve a channel, so each channel gets a table and a photo is a few look-ups a pixel.
//! Profiles with tables in several dimensions (CMYK, scanners) go through `moxcms` to a wide RGB,
//! and that through its curves.
//!
//! White is 1 whatever the profile's white: luminance is that of the picture adapted to D65, so
//! that an sRGB file with its profile comes out as one without.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformF32Executor, TransformOptions};

use super::curve::{interpolate, linear_to_srgb, srgb_to_linear, table, tone_table};
use super::decode::one_line;
use super::stored::Model;

/// Luminance of red, green and blue light of sRGB.
///
/// # Source
///
/// IEC 61966-2-1 (1999), from ITU-R BT.709.
const SRGB_WEIGHTS: [f64; 3] = [0.2126, 0.7152, 0.0722];

/// Luminance after adaptation from D50, the white of profiles, to D65: the middle row of the
/// Bradford matrix.
///
/// # Source
///
/// Bruce Lindbloom, Chromatic Adaptation (2017), D50 to D65.
const Y_FROM_D50: [f64; 3] = [-0.028_369_7, 1.009_995_5, 0.021_041_4];

/// What has to be done to samples before the curves.
enum Before {
    /// Nothing: samples are grey or RGB.
    Nothing,
    /// Each ink swallows its own third of the spectrum and nothing else.
    IdealInks,
    /// The profile's tables, to the RGB that the curves are for.
    Tables(Arc<TransformF32Executor>),
}

/// How samples become luminance.
pub(super) struct Light {
    model: Model,
    before: Before,
    /// One table a channel over 0..1, the channel's share of luminance included.
    curves: Vec<Vec<f32>>,
    profile: Option<Box<ColorProfile>>,
}

/// Entries of curves for samples of 16 bits and for floats, which are interpolated between them.
const FINE: usize = 1 << 16;

impl Light {
    /// The light of samples with an ICC profile, or sRGB without one; also what is to be said of
    /// the profile. Tables have 256 entries for 8-bit samples that index them directly
    /// ([`Light::is_direct`]), 65536 otherwise.
    pub(super) fn new(icc: Option<&[u8]>, model: Model, coarse: bool) -> (Self, Option<String>) {
        let entries = if coarse { 256 } else { FINE };
        let Some(icc) = icc else {
            let warning = (model == Model::Cmyk).then(|| {
                "the photo has CMYK inks and no colour profile; inks are taken as ideal, so \
                 tones are approximate"
                    .to_owned()
            });
            return (Self::srgb(model, entries), warning);
        };
        // Profiles come from strangers too; tables that contradict one another must not end the
        // program.
        let light = catch_unwind(AssertUnwindSafe(|| Self::from_icc(icc, model, entries)))
            .unwrap_or_else(|_| Err("its tables contradict one another".to_owned()));
        match light {
            Ok(light) => (light, None),
            Err(why) => (
                Self::srgb(model, entries),
                Some(format!(
                    "the colour profile is unusable ({why}); sRGB is assumed"
                )),
            ),
        }
    }

    fn srgb(model: Model, entries: usize) -> Self {
        let curve = |weight: f64| table(entries, |x| weight * srgb_to_linear(f64::from(x)));
        let (before, curves, entries) = match model {
            Model::Grey => (Before::Nothing, vec![curve(1.0)], entries),
            Model::Rgb => (Before::Nothing, SRGB_WEIGHTS.map(curve).to_vec(), entries),
            Model::Cmyk => {
                let curve = |weight: f64| table(FINE, |x| weight * srgb_to_linear(f64::from(x)));
                (Before::IdealInks, SRGB_WEIGHTS.map(curve).to_vec(), FINE)
            }
        };
        debug_assert!(curves.iter().all(|curve| curve.len() == entries));
        Self {
            model,
            before,
            curves,
            profile: None,
        }
    }

    fn from_icc(icc: &[u8], model: Model, entries: usize) -> Result<Self, String> {
        let profile =
            ColorProfile::new_from_slice(icc).map_err(|error| one_line(&error.to_string()))?;
        let (before, curves) = match (model, profile.color_space) {
            (Model::Grey, DataColorSpace::Gray) => {
                (Before::Nothing, vec![grey_curve(&profile, entries)?])
            }
            (Model::Grey, DataColorSpace::Rgb) if profile.is_matrix_shaper() => {
                let [mut sum, green, blue] = rgb_curves(&profile, entries)?;
                for ((sum, green), blue) in sum.iter_mut().zip(green).zip(blue) {
                    *sum += green + blue;
                }
                (Before::Nothing, vec![sum])
            }
            (Model::Rgb, DataColorSpace::Rgb) if profile.is_matrix_shaper() => {
                (Before::Nothing, rgb_curves(&profile, entries)?.into())
            }
            (Model::Rgb, DataColorSpace::Rgb) | (Model::Cmyk, DataColorSpace::Cmyk) => {
                // Wide enough for all inks; its curve keeps a table of 17 steps fine in the darks.
                let wide = ColorProfile::new_pro_photo_rgb();
                let tables = transform(&profile, model, &wide)?;
                (Before::Tables(tables), rgb_curves(&wide, FINE)?.into())
            }
            (_, space) => return Err(format!("it is for {space:?}, the photo is {model:?}")),
        };
        Ok(Self {
            model,
            before,
            curves,
            profile: Some(Box::new(profile)),
        })
    }

    /// Whether samples index the curves as they are.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.before, Before::Nothing)
    }

    /// One curve a channel, each with as many entries as [`Light::new`] says.
    pub(super) fn curves(&self) -> &[Vec<f32>] {
        &self.curves
    }

    /// Luminance of pixels given as colour samples from 0 to 1, interleaved; NaN where a sample
    /// is not finite.
    pub(super) fn luminance(&self, samples: &[f32], luminance: &mut [f32]) {
        let channels = self.model.channels();
        let pixels = samples.chunks_exact(channels);
        match &self.before {
            Before::Nothing => {
                for (pixel, y) in pixels.zip(luminance) {
                    *y = self.sum(pixel);
                }
            }
            Before::IdealInks => {
                for (pixel, y) in pixels.zip(luminance) {
                    *y = self.sum(&ideal(pixel));
                }
            }
            Before::Tables(tables) => {
                let mut rgb = vec![0.0; luminance.len() * 3];
                // The lengths agree, the only thing that this can fail on; black is as good.
                let _ = tables.transform(samples, &mut rgb);
                for ((pixel, rgb), y) in pixels.zip(rgb.chunks_exact(3)).zip(luminance) {
                    let known = pixel.iter().all(|sample| sample.is_finite());
                    *y = if known { self.sum(rgb) } else { f32::NAN };
                }
            }
        }
    }

    fn sum(&self, colors: &[f32]) -> f32 {
        self.curves
            .iter()
            .zip(colors)
            .map(|(curve, &color)| interpolate(curve, color))
            .sum()
    }

    /// Display colours (sRGB) of pixels given as colour samples from 0 to 1, interleaved.
    pub(super) fn srgb_colors(&self, samples: &[f32]) -> Vec<[u8; 3]> {
        let byte = |x: f32| (x.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let pixels = samples.chunks_exact(self.model.channels());
        let through_profile = || {
            let profile = self.profile.as_deref()?;
            let to_srgb = transform(profile, self.model, &ColorProfile::new_srgb()).ok()?;
            let mut colors = vec![0.0; pixels.len() * 3];
            to_srgb.transform(samples, &mut colors).ok()?;
            Some(
                colors
                    .as_chunks::<3>()
                    .0
                    .iter()
                    .map(|c| c.map(byte))
                    .collect(),
            )
        };
        match self.model {
            Model::Grey => pixels
                .map(|pixel| [byte(linear_to_srgb(self.sum(pixel))); 3])
                .collect(),
            Model::Rgb => through_profile().unwrap_or_else(|| {
                pixels
                    .clone()
                    .map(|p| [0, 1, 2].map(|i| byte(p[i])))
                    .collect()
            }),
            Model::Cmyk => through_profile()
                .unwrap_or_else(|| pixels.clone().map(|p| ideal(p).map(byte)).collect()),
        }
    }
}

fn transform(
    profile: &ColorProfile,
    model: Model,
    target: &ColorProfile,
) -> Result<Arc<TransformF32Executor>, String> {
    let layout = match model {
        Model::Grey => Layout::Gray,
        Model::Rgb => Layout::Rgb,
        // The library's name for any four channels.
        Model::Cmyk => Layout::Rgba,
    };
    profile
        .create_transform_f32(layout, target, Layout::Rgb, TransformOptions::default())
        .map_err(|error| one_line(&error.to_string()))
}

/// Display colours (not linear) that four ideal inks leave of white paper.
fn ideal(inks: &[f32]) -> [f32; 3] {
    [0, 1, 2].map(|ink| (1.0 - inks[ink]) * (1.0 - inks[3]))
}

fn rgb_curves(profile: &ColorProfile, entries: usize) -> Result<[Vec<f32>; 3], String> {
    let colorants = [
        &profile.red_colorant,
        &profile.green_colorant,
        &profile.blue_colorant,
    ];
    let weights =
        colorants.map(|c| Y_FROM_D50[0] * c.x + Y_FROM_D50[1] * c.y + Y_FROM_D50[2] * c.z);
    let white: f64 = weights.iter().sum();
    // Profiles of cameras and old scanners are off by a few per cent; beyond that the colorants
    // are not those of any light.
    if !(0.5..=1.5).contains(&white) || weights.iter().any(|weight| *weight < -0.1) {
        return Err(format!("its white has luminance {white:.2}"));
    }
    let curves = [&profile.red_trc, &profile.green_trc, &profile.blue_trc];
    let mut tables = [Vec::new(), Vec::new(), Vec::new()];
    for ((table, curve), weight) in tables.iter_mut().zip(curves).zip(weights) {
        *table = tone_table(curve.as_ref(), entries, |y| y * weight / white)?;
    }
    Ok(tables)
}

fn grey_curve(profile: &ColorProfile, entries: usize) -> Result<Vec<f32>, String> {
    let curve = profile.gray_trc.as_ref();
    if profile.pcs == DataColorSpace::Lab {
        // Such a curve gives lightness L* / 100: CIE 15 (2004), 8.2.1, turned around.
        return tone_table(curve, entries, |lightness| {
            let f = (100.0 * lightness + 16.0) / 116.0;
            if lightness > 0.08 {
                f.powi(3)
            } else {
                100.0 * lightness / 903.3
            }
        });
    }
    tone_table(curve, entries, |y| y)
}
