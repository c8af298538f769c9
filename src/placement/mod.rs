//! Where the photo lies in the blank: photo pixels -> millimetres.
//!
//! The photo, or the part of it that `crop` names, is scaled until it covers the bounding box of
//! the safe area (or fits inside it), centred there, and then zoomed, turned and shifted as the
//! settings say. Where a matte or the eyes mark a subject, that part is chosen by it (`auto.rs`). Nothing is
//! turned or mirrored unless asked. This is the one place where y turns from running down to
//! running up.

mod auto;
mod silhouette;

use nalgebra::{Affine2, Matrix3};
use schemars::JsonSchema;
use serde::Serialize;

use self::silhouette::Silhouette;
use crate::blank::SafeVolume;
use crate::error::{Error, Result};
use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::settings::{Crop, Cropping, Fit, PlacementSettings, limits};

/// What an eye resolves at reading distance: one arc minute at 250 mm.
pub const EYE_RESOLVES_MM: f64 = 0.073;

/// From this ratio of its sides a photo is called a needle: a panorama has up to 6.
const NEEDLE_RATIO: f64 = 8.0;

/// A crop may hang over the photo by this much, px: what decimal fractions lose.
const CROP_SLACK_PX: f64 = 1e-6;

/// From this share of the subject on a user is told that it is cut; less is a lock of hair.
const CUT_WARNING: f64 = 0.01;

/// The same for its head.
const HEAD_WARNING: f64 = 1e-4;

/// The subject of a photo, for placing it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its opacity, 0 to 1, of the photo's size, where it is known.
    pub matte: Option<&'a Grid<f32>>,
    /// The eyes of the person who it is, in pixels of the photo, where they are known.
    pub eyes: Option<Eyes>,
    /// Whether something of the photo shows around it.
    pub background: bool,
}

/// How the part of the photo that is fitted was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CropMethod {
    /// All of the photo.
    Whole,
    /// Named by the settings.
    Given,
    /// By the subject.
    Auto,
}

/// Where the photo lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// From upright photo pixels (first pixel's centre at 0.5, 0.5; rows down) to mm (y up).
    pub photo_to_blank: Affine2<f64>,
    /// Side of a photo pixel in the crystal, mm.
    pub mm_per_photo_px: f64,
    /// The part of the photo that is fitted; it may hang over the photo where it was chosen for a
    /// subject without its background.
    pub crop: Crop,
    /// How that part was chosen.
    pub crop_method: CropMethod,
    /// Share of the subject that lies outside of the safe area, 0 to 1; `None` without a matte.
    pub subject_cut: Option<f64>,
    /// The same of its head, with a matte or the eyes.
    pub head_cut: Option<f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Placement {
    /// Photo pixels per inch in the crystal.
    #[must_use]
    pub fn effective_dpi(&self) -> f64 {
        25.4 / self.mm_per_photo_px
    }
}

/// Places a photo of `width_px` x `height_px` in the safe area; `subject` where a matte or the eyes mark
/// one.
///
/// # Errors
///
/// [`crate::Error::Setting`] for a crop outside the photo or a number out of range.
pub fn place(
    width_px: usize,
    height_px: usize,
    settings: &PlacementSettings,
    volume: &SafeVolume,
    subject: Option<Subject<'_>>,
) -> Result<Placement> {
    limits::check_placement(settings)?;
    let turn = sine_and_cosine(settings.rotate_degrees.get());
    let matte = subject.and_then(|subject| subject.matte);
    let eyes = subject.and_then(|subject| subject.eyes);
    let silhouette = match (matte, eyes) {
        (Some(matte), eyes) => Silhouette::of(matte, eyes, turn),
        (None, Some(eyes)) => Silhouette::by_eyes(eyes, (width_px, height_px), turn),
        (None, None) => None,
    };
    let size_px = [width_px as f64, height_px as f64];
    let whole = Crop {
        x_px: 0.0,
        y_px: 0.0,
        width_px: size_px[0],
        height_px: size_px[1],
    };
    let mut warnings = Vec::new();
    let (crop, crop_method) = match cropping(settings) {
        Cropping::Part(crop) => (inside(crop, width_px, height_px)?, CropMethod::Given),
        Cropping::None => (whole, CropMethod::Whole),
        Cropping::Auto => match &silhouette {
            Some(silhouette) => {
                let covers = subject.is_some_and(|subject| subject.background);
                let crop = auto::crop(silhouette, size_px, turn, volume, covers);
                (crop, CropMethod::Auto)
            }
            None => {
                if settings.crop.is_some() {
                    warnings.push(
                        "no matte marks a subject for --crop auto: all of the photo is fitted; \
                         give --matte auto, a --matte file, or --eyes"
                            .to_owned(),
                    );
                }
                (whole, CropMethod::Whole)
            }
        },
    };
    let [x_min_mm, y_min_mm, x_max_mm, y_max_mm] = volume.bounds_mm();
    let across = (x_max_mm - x_min_mm) / crop.width_px;
    let down = (y_max_mm - y_min_mm) / crop.height_px;
    let fitted = match settings.fit.unwrap_or_default() {
        Fit::Cover => across.max(down),
        Fit::Contain => across.min(down),
    };
    let mm_per_photo_px = fitted * settings.zoom;

    let centre_px = (
        crop.x_px + crop.width_px / 2.0,
        crop.y_px + crop.height_px / 2.0,
    );
    let centre_mm = (
        f64::midpoint(x_min_mm, x_max_mm) + settings.offset_x_mm.get(),
        f64::midpoint(y_min_mm, y_max_mm) + settings.offset_y_mm.get(),
    );
    warnings.extend(coarse_or_needle(
        width_px,
        height_px,
        &crop,
        mm_per_photo_px,
    ));
    let mut placement = Placement {
        photo_to_blank: turned_about(centre_px, centre_mm, mm_per_photo_px, turn),
        mm_per_photo_px,
        crop,
        crop_method,
        subject_cut: None,
        head_cut: None,
        warnings,
    };
    if let Some(silhouette) = silhouette {
        let cut = silhouette.cut(&placement, volume);
        placement.subject_cut = matte.map(|_| cut.subject);
        placement.head_cut = Some(cut.head);
        placement.warnings.extend(cut_warning(&placement));
    }
    Ok(placement)
}

/// What is asked for, or else what serves the photo best: the subject's part, where nothing else
/// says how large and where the photo is to be.
fn cropping(settings: &PlacementSettings) -> Cropping {
    let PlacementSettings {
        fit,
        crop,
        zoom,
        offset_x_mm,
        offset_y_mm,
        ..
    } = settings;
    let placed =
        fit.is_some() || *zoom != 1.0 || offset_x_mm.get() != 0.0 || offset_y_mm.get() != 0.0;
    let chosen = if placed {
        Cropping::None
    } else {
        Cropping::Auto
    };
    crop.unwrap_or(chosen)
}

/// What is said where the safe area does not hold all of the subject.
fn cut_warning(placement: &Placement) -> Option<String> {
    // By the eyes alone, nothing is known of the subject but its head.
    let head = placement.head_cut?;
    let subject = placement.subject_cut.unwrap_or(0.0);
    if subject < CUT_WARNING && head < HEAD_WARNING {
        return None;
    }
    let remedy = match (placement.crop_method, head < HEAD_WARNING) {
        (CropMethod::Auto, true) => "give a --crop, or --zoom, to show more",
        (CropMethod::Auto, false) => "give a --crop, or a photo with more room around the head",
        _ => "try --crop auto, or a lower --zoom",
    };
    let of_head = if head < HEAD_WARNING {
        "nothing of its head".to_owned()
    } else {
        format!("{} % of its head", percent(head))
    };
    let cut = if placement.subject_cut.is_some() {
        format!("{} % of the subject, {of_head}", percent(subject))
    } else {
        of_head.replace("its head", "the head around the eyes")
    };
    Some(format!("the safe outline cuts off {cut}; {remedy}"))
}

/// A share in per cent, with a digit after the point where it is small.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 9.95 {
        format!("{:.1}", percent.max(0.1))
    } else {
        format!("{percent:.0}")
    }
}

/// A crop that lies inside the photo.
fn inside(crop: Crop, width_px: usize, height_px: usize) -> Result<Crop> {
    let inside = crop.x_px >= -CROP_SLACK_PX
        && crop.y_px >= -CROP_SLACK_PX
        && crop.x_px + crop.width_px <= width_px as f64 + CROP_SLACK_PX
        && crop.y_px + crop.height_px <= height_px as f64 + CROP_SLACK_PX;
    if inside {
        Ok(crop)
    } else {
        let Crop {
            x_px,
            y_px,
            width_px: w_px,
            height_px: h_px,
        } = crop;
        let value = format!("{x_px},{y_px},{w_px},{h_px}");
        let limit = format!("reaches outside the photo of {width_px} x {height_px} px");
        let remedy = "give left, top, width and height in upright photo pixels";
        Err(Error::setting("--crop", &value, limit, remedy))
    }
}

/// The transform that brings `centre_px` to `centre_mm`, scales, and turns counter-clockwise as
/// seen by the viewer.
fn turned_about(
    centre_px: (f64, f64),
    centre_mm: (f64, f64),
    mm_per_px: f64,
    (sin, cos): (f64, f64),
) -> Affine2<f64> {
    // Columns of the picture go right, rows go down: y turns around here.
    let (xu, xv) = (mm_per_px * cos, mm_per_px * sin);
    let (yu, yv) = (mm_per_px * sin, -mm_per_px * cos);
    let x = centre_mm.0 - xu * centre_px.0 - xv * centre_px.1;
    let y = centre_mm.1 - yu * centre_px.0 - yv * centre_px.1;
    Affine2::from_matrix_unchecked(Matrix3::new(xu, xv, x, yu, yv, y, 0.0, 0.0, 1.0))
}

/// Sine and cosine, exact at quarter turns, so that an unturned photo has no shear of 1e-17 that
/// would take the slower path of the tone map.
fn sine_and_cosine(degrees: f64) -> (f64, f64) {
    match degrees.rem_euclid(360.0) {
        0.0 => (0.0, 1.0),
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        turned => turned.to_radians().sin_cos(),
    }
}

fn coarse_or_needle(
    width_px: usize,
    height_px: usize,
    crop: &Crop,
    mm_per_photo_px: f64,
) -> Vec<String> {
    let mut warnings = Vec::new();
    // A hair's breadth of tolerance, so that a photo with just enough pixels is not blamed.
    if mm_per_photo_px > EYE_RESOLVES_MM * 1.001 {
        let more = mm_per_photo_px / EYE_RESOLVES_MM;
        warnings.push(format!(
            "the photo has {:.0} dpi in the crystal, the eye resolves {:.0} dpi at 250 mm; \
             take a photo with at least {:.0} x {:.0} px in the part that is etched (now {:.0} x \
             {:.0}), or a smaller blank",
            25.4 / mm_per_photo_px,
            25.4 / EYE_RESOLVES_MM,
            (crop.width_px * more).ceil(),
            (crop.height_px * more).ceil(),
            crop.width_px,
            crop.height_px,
        ));
    }
    let ratio = (crop.width_px / crop.height_px).max(crop.height_px / crop.width_px);
    if ratio > NEEDLE_RATIO {
        let what = if crop.width_px == width_px as f64 && crop.height_px == height_px as f64 {
            "the photo"
        } else {
            "the cropped part"
        };
        warnings.push(format!(
            "{what} is needle-shaped, {:.0} x {:.0} px: little of it can be seen in the blank; \
             give a --crop closer to a square",
            crop.width_px, crop.height_px
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use nalgebra::Point2;
    use proptest::prelude::*;

    use super::*;
    use crate::blank::Bound;
    use crate::grid::{Frame, Grid, Raster};
    use crate::units::{Degrees, Mm};

    /// A safe area of 20 mm by 10 mm, centred at (1, 2) mm.
    fn volume() -> SafeVolume {
        let frame = Frame {
            x_min_mm: -9.0,
            y_max_mm: 7.0,
            mm_per_px: 0.5,
        };
        SafeVolume {
            inset_mm: Raster {
                frame,
                grid: Grid::filled(40, 20, 1.0),
            },
            z_min_mm: Bound::Constant(-1.0),
            z_max_mm: Bound::Constant(1.0),
        }
    }

    fn mm(placement: &Placement, u: f64, v: f64) -> (f64, f64) {
        let point = placement.photo_to_blank * Point2::new(u, v);
        (point.x, point.y)
    }

    fn close(a: (f64, f64), b: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9
    }

    #[test]
    fn cover_fills_the_safe_box_and_rows_run_down() {
        let placed = place(1000, 1000, &PlacementSettings::default(), &volume(), None).unwrap();
        assert!((placed.mm_per_photo_px - 0.02).abs() < 1e-12);
        assert!(close(mm(&placed, 0.0, 0.0), (-9.0, 12.0)));
        assert!(close(mm(&placed, 1000.0, 1000.0), (11.0, -8.0)));
        assert_eq!(placed.warnings, [] as [String; 0]);
    }

    #[test]
    fn contain_keeps_the_whole_photo() {
        let settings = PlacementSettings {
            fit: Some(Fit::Contain),
            ..Default::default()
        };
        let placed = place(1000, 1000, &settings, &volume(), None).unwrap();
        assert!(close(mm(&placed, 0.0, 0.0), (-4.0, 7.0)));
        assert!(close(mm(&placed, 1000.0, 1000.0), (6.0, -3.0)));
    }

    #[test]
    fn the_crop_is_what_is_fitted() {
        let settings = PlacementSettings {
            crop: Some(Cropping::Part(Crop {
                x_px: 100.0,
                y_px: 50.5,
                width_px: 400.0,
                height_px: 200.0,
            })),
            ..Default::default()
        };
        let placed = place(1000, 1000, &settings, &volume(), None).unwrap();
        assert!(close(mm(&placed, 100.0, 50.5), (-9.0, 7.0)));
        assert!(close(mm(&placed, 500.0, 250.5), (11.0, -3.0)));
    }

    #[test]
    fn rotation_is_counter_clockwise_about_the_centre() {
        let settings = PlacementSettings {
            rotate_degrees: Degrees::new(90.0).unwrap(),
            offset_x_mm: Mm::constant(3.0),
            offset_y_mm: Mm::constant(-1.0),
            zoom: 0.5,
            ..Default::default()
        };
        let placed = place(1000, 1000, &settings, &volume(), None).unwrap();
        assert!(close(mm(&placed, 500.0, 500.0), (4.0, 1.0)));
        // The middle of the right edge turns to the top.
        assert!(close(mm(&placed, 1000.0, 500.0), (4.0, 6.0)));
        assert!(close(mm(&placed, 500.0, 0.0), (-1.0, 1.0)));
    }

    #[test]
    fn crops_outside_the_photo_are_refused() {
        let fine = [0.0, 0.0, 10.0, 10.0];
        for (slot, value) in [
            (0, -1.0),
            (0, 91.0),
            (1, f64::NAN),
            (2, 0.0),
            (2, -5.0),
            (2, 100.5),
            (3, f64::INFINITY),
            (3, 0.5),
        ] {
            let mut sides = fine;
            sides[slot] = value;
            let [x_px, y_px, width_px, height_px] = sides;
            let settings = PlacementSettings {
                crop: Some(Cropping::Part(Crop {
                    x_px,
                    y_px,
                    width_px,
                    height_px,
                })),
                ..Default::default()
            };
            let error = place(100, 100, &settings, &volume(), None).unwrap_err();
            assert!(
                error.to_string().starts_with("--crop"),
                "{sides:?}: {error}"
            );
        }
    }

    #[test]
    fn zooms_and_offsets_out_of_range_are_refused() {
        for zoom in [0.0, -1.0, 0.04, 51.0, f64::NAN, f64::INFINITY] {
            let settings = PlacementSettings {
                zoom,
                ..Default::default()
            };
            let error = place(100, 100, &settings, &volume(), None).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("--zoom"), "{error}");
        }
        let settings = PlacementSettings {
            offset_y_mm: Mm::constant(-1e9),
            ..Default::default()
        };
        let error = place(100, 100, &settings, &volume(), None).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("--offset"), "{error}");
    }

    #[test]
    fn coarse_photos_and_needles_are_told() {
        let placed = place(100, 100, &PlacementSettings::default(), &volume(), None).unwrap();
        assert_eq!(placed.warnings.len(), 1);
        assert!(placed.warnings[0].contains("127 dpi"), "{placed:?}");
        assert!(placed.warnings[0].contains("274 x 274 px"), "{placed:?}");
        for (width_px, height_px) in [(10_000, 1), (1, 10_000)] {
            let placed = place(
                width_px,
                height_px,
                &PlacementSettings::default(),
                &volume(),
                None,
            );
            let warnings = placed.unwrap().warnings.join("\n");
            assert!(warnings.contains("needle-shaped"), "{warnings}");
        }
    }

    proptest! {
        #[test]
        fn an_unturned_photo_is_never_mirrored_sheared_or_stretched(
            width_px in 1_usize..20_000,
            height_px in 1_usize..20_000,
            zoom in 0.05..50.0,
            offset in -100.0..100.0,
        ) {
            let settings = PlacementSettings {
                zoom,
                offset_x_mm: Mm::new(offset).unwrap(),
                ..Default::default()
            };
            let placed = place(width_px, height_px, &settings, &volume(), None).unwrap();
            let matrix = placed.photo_to_blank.matrix();
            prop_assert_eq!((matrix[(0, 1)], matrix[(1, 0)]), (0.0, 0.0));
            prop_assert!(matrix[(0, 0)] > 0.0 && matrix[(1, 1)] == -matrix[(0, 0)]);
        }
    }
}
