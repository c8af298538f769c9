//! Tone: photo -> [`ToneMap`], the fraction of the largest density wanted at each place.
//!
//! The photo is brought to the map's pixels once (`reduce`). Then either nothing else is done to
//! its light (`linear`), or it is developed for glass (`auto`); in the end it fades out toward the
//! safe outline and is 0 outside of it.

mod auto;
mod curve;
mod fade;
mod levels;
mod local;
mod reduce;

use image::ImageEncoder;
use image::codecs::png::PngEncoder;

use crate::blank::SafeVolume;
use crate::error::{Error, Result};
use crate::grid::{Frame, Grid};
use crate::photo::Photo;
use crate::placement::Placement;
use crate::settings::{ToneMode, ToneSettings};

use self::curve::display_of_light;
use self::fade::Fade;
use self::levels::FLAT_BELOW;
use self::reduce::{Reduced, reduce};

/// Side of a map pixel, mm: between a third and a half of what an eye resolves at 250 mm.
const PIXEL_MM: (f64, f64) = (0.025, 0.0365);

/// Most pixels on a side; only areas beyond 200 mm get coarser ones.
const SIDE_LIMIT_PX: f64 = 8192.0;

/// What the sampler is asked to show: the fraction of the largest density at each pixel.
///
/// Values are 16-bit: 0 is no point at all, 65535 is the largest density that the spacing allows.
/// They are what `--tone-map` writes, bit for bit. Between pixel centres the map is bilinear;
/// outside its outermost pixel centres it keeps their value up to the frame's edge, and is 0 beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct ToneMap {
    /// Where the map lies.
    pub frame: Frame,
    /// The values, top row first (largest y).
    pub grid: Grid<u16>,
}

impl ToneMap {
    /// The value that stands for the largest density.
    pub const FULL: u16 = u16::MAX;

    /// Mean of all values as a fraction of full, times the map's area: mm2 at full density.
    #[must_use]
    pub fn full_area_mm2(&self) -> f64 {
        let sum: u64 = self
            .grid
            .values()
            .iter()
            .map(|&value| u64::from(value))
            .sum();
        sum as f64 / f64::from(Self::FULL) * self.frame.mm_per_px * self.frame.mm_per_px
    }

    /// The largest value as a fraction of full.
    #[must_use]
    pub fn brightest(&self) -> f64 {
        let brightest = self.grid.values().iter().copied().max();
        f64::from(brightest.unwrap_or(0)) / f64::from(Self::FULL)
    }

    /// The map as a 16-bit grey PNG file, value for value, top row (largest y) first.
    ///
    /// # Panics
    ///
    /// If a side has more than 2^31 pixels, which a map of a safe area never has.
    #[must_use]
    pub fn to_png(&self) -> Vec<u8> {
        const FITS: &str = "a tone map's sides are below 2^31 and memory takes what is written";
        let side = |length: usize| u32::try_from(length).expect(FITS);
        let (width, height) = (side(self.grid.width()), side(self.grid.height()));
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(
                bytemuck::cast_slice(self.grid.values()),
                width,
                height,
                image::ExtendedColorType::L16,
            )
            .expect(FITS);
        bytes
    }
}

/// A tone map and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Toned {
    /// The map, over the whole safe area and nothing more.
    pub map: ToneMap,
    /// What the user should know: a flat photo, nothing visible.
    pub warnings: Vec<String>,
}

/// Side of a map pixel for so many points per mm2 in projection at full white, mm: as far as those
/// points are apart, as far as an eye could see it.
#[must_use]
pub fn pixel_mm(density_per_mm2: f64) -> f64 {
    let apart_mm = density_per_mm2.max(1e-9).sqrt().recip();
    apart_mm.clamp(PIXEL_MM.0, PIXEL_MM.1)
}

/// Makes the tone map of a placed photo, with pixels of `pixel_mm`; `matte` has the photo's size, 0
/// to 1.
///
/// Levels and contrast are judged on what is visible, or, where there is a `subject`, of the
/// photo's size too, on what is visible of that.
///
/// # Errors
///
/// [`crate::Error::Setting`] for a tone setting out of range.
///
/// # Panics
///
/// If matte or subject have not the photo's size.
pub fn tone_map(
    photo: &Photo,
    matte: Option<&Grid<f32>>,
    subject: Option<&Grid<f32>>,
    placement: &Placement,
    volume: &SafeVolume,
    pixel_mm: f64,
    settings: &ToneSettings,
) -> Result<Toned> {
    validate(settings)?;
    for matte in [matte, subject].into_iter().flatten() {
        let size = (photo.luminance.width(), photo.luminance.height());
        assert_eq!(
            (matte.width(), matte.height()),
            size,
            "a matte has the photo's size"
        );
    }
    let (frame, size) = map_frame(volume.bounds_mm(), pixel_mm);
    let reduced = reduce(&photo.luminance, matte, placement, &frame, size);
    let inset_mm = volume.inset_mm.resampled(&frame, size.0, size.1);

    let mut warnings = Vec::new();
    // A subject that lies wholly outside of the heart cannot be judged.
    let judged = subject
        .map(|subject| reduce(subject, None, placement, &frame, size).light)
        .map(|subject| visible(&subject, &inset_mm))
        .filter(|weight| weight.values().iter().any(|&weight| weight > 0.5));
    let weight = judged.unwrap_or_else(|| visible(&reduced.cover, &inset_mm));
    let fade = Fade::new(settings, photo, placement, &frame);
    let cover = &reduced.cover;
    let (grid, flat) = match settings.mode {
        ToneMode::Linear => {
            warnings.extend(without_effect(settings));
            // Light times matte, and nothing else.
            let grid = fade.quantise(&inset_mm, |row| {
                let light = reduced.light.row(row).iter().zip(cover.row(row));
                light.map(|(&light, &cover)| {
                    if settings.invert {
                        cover - light
                    } else {
                        light
                    }
                })
            });
            (grid, is_flat(&reduced, &weight))
        }
        ToneMode::Auto => {
            let developed = auto::develop(reduced.light, cover, &weight, settings);
            let grid = fade.quantise(&inset_mm, |row| {
                let display = developed.display.row(row).iter().zip(cover.row(row));
                display.map(|(&display, &cover)| cover * developed.density.at(display))
            });
            (grid, developed.flat)
        }
    };
    let map = ToneMap { frame, grid };
    if map.grid.values().iter().all(|&value| value == 0) {
        warnings.push(NOTHING_VISIBLE.to_owned());
    } else if flat {
        warnings.push(FLAT.to_owned());
    }
    Ok(Toned { map, warnings })
}

const FLAT: &str = "the photo is one even grey where it is etched: nothing can be recognised; \
                    take another photo or another --crop";

const NOTHING_VISIBLE: &str = "nothing of the photo is visible in the safe area: it is black, \
                               transparent or lies outside; check --crop, --offset and the matte, \
                               or try --invert";

/// Refuses settings that are no numbers or out of range.
///
/// # Errors
///
/// [`crate::Error::Setting`].
pub(crate) fn validate(settings: &ToneSettings) -> Result<()> {
    let fade_mm = settings.fade_mm.map_or(0.0, |fade| fade.get());
    let ranges = [
        (
            "--toning",
            settings.toning,
            0.2,
            5.0,
            "1.8 suits most photos",
        ),
        (
            "--floor",
            settings.floor,
            0.0,
            0.5,
            "0.05 suits most photos",
        ),
        (
            "--ceiling",
            settings.ceiling,
            0.05,
            1.0,
            "1 is the largest density",
        ),
        (
            "--brightness",
            settings.brightness,
            -1.0,
            1.0,
            "0 changes nothing",
        ),
        (
            "--contrast",
            settings.contrast,
            0.0,
            5.0,
            "1 changes nothing",
        ),
        (
            "--fade",
            fade_mm,
            0.0,
            50.0,
            "1 mm suits most blanks, 0 is a hard edge",
        ),
    ];
    for (setting, value, least, most, remedy) in ranges {
        if !(least..=most).contains(&value) {
            let limit = format!("is outside {least} to {most}");
            return Err(Error::setting(setting, &value, limit, remedy));
        }
    }
    if settings.floor > settings.ceiling {
        let limit = format!("is above --ceiling {}", settings.ceiling);
        return Err(Error::setting(
            "--floor",
            &settings.floor,
            limit,
            "lower --floor",
        ));
    }
    Ok(())
}

/// The frame over a bounding box, centred on it, and its size in pixels.
fn map_frame(
    [x_min_mm, y_min_mm, x_max_mm, y_max_mm]: [f64; 4],
    pixel_mm: f64,
) -> (Frame, (usize, usize)) {
    let (width_mm, height_mm) = (x_max_mm - x_min_mm, y_max_mm - y_min_mm);
    let mm_per_px = pixel_mm.max(width_mm.max(height_mm) / SIDE_LIMIT_PX);
    // A millionth of a pixel too much is rounding, not another pixel.
    let pixels = |length_mm: f64| ((length_mm / mm_per_px - 1e-6).ceil() as usize).max(1);
    let size = (pixels(width_mm), pixels(height_mm));
    let frame = Frame {
        x_min_mm: f64::midpoint(x_min_mm, x_max_mm) - 0.5 * mm_per_px * size.0 as f64,
        y_max_mm: f64::midpoint(y_min_mm, y_max_mm) + 0.5 * mm_per_px * size.1 as f64,
        mm_per_px,
    };
    (frame, size)
}

/// Whether all that is visible has the same light, give or take a few steps of an 8-bit file.
fn is_flat(reduced: &Reduced, weight: &Grid<f32>) -> bool {
    let (light, cover) = (reduced.light.values(), reduced.cover.values());
    let visible = weight.values().iter().zip(light.iter().zip(cover));
    let (low, high) = visible
        .filter(|&(&weight, _)| weight > 0.5)
        .map(|(_, (&light, &cover))| light / cover)
        .fold((f32::INFINITY, 0.0_f32), |(low, high), light| {
            (low.min(light), high.max(light))
        });
    // Nothing visible is not flat.
    low <= high && display_of_light(high) - display_of_light(low) < FLAT_BELOW
}

/// Says which settings `linear` passes over.
fn without_effect(settings: &ToneSettings) -> Option<String> {
    let default = ToneSettings::default();
    let changed = [
        ("--toning", settings.toning != default.toning),
        ("--floor", settings.floor != default.floor),
        ("--ceiling", settings.ceiling != default.ceiling),
        ("--brightness", settings.brightness != default.brightness),
        ("--contrast", settings.contrast != default.contrast),
    ];
    let names: Vec<&str> = changed
        .iter()
        .filter_map(|&(name, changed)| changed.then_some(name))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "--tone linear does nothing but scale light: {} without effect; use --tone auto",
            names.join(", ")
        )
    })
}

/// How visible each pixel is: its cover inside the safe outline.
fn visible(cover: &Grid<f32>, inset_mm: &Grid<f32>) -> Grid<f32> {
    let mut visible = cover.clone();
    visible.for_each_row(|row, values| {
        for (value, &inset) in values.iter_mut().zip(inset_mm.row(row)) {
            *value = if inset >= 0.0 { *value } else { 0.0 };
        }
    });
    visible
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blank::Bound;
    use crate::grid::Raster;
    use crate::placement::place;
    use crate::settings::{Fit, PlacementSettings};
    use crate::units::{Degrees, Mm};

    fn volume(inset_mm: Raster) -> SafeVolume {
        SafeVolume {
            inset_mm,
            z_min_mm: Bound::Constant(-1.0),
            z_max_mm: Bound::Constant(1.0),
        }
    }

    /// A safe area of `width_mm` x `height_mm` about the origin, with its true distance.
    fn box_volume(width_mm: f64, height_mm: f64) -> SafeVolume {
        let frame = Frame {
            x_min_mm: -width_mm / 2.0 - 1.0,
            y_max_mm: height_mm / 2.0 + 1.0,
            mm_per_px: 0.1,
        };
        let pixels = |length_mm: f64| ((length_mm + 2.0) / 0.1).round() as usize;
        let grid = Grid::from_fn(pixels(width_mm), pixels(height_mm), |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            (width_mm / 2.0 - x.abs()).min(height_mm / 2.0 - y.abs()) as f32
        });
        volume(Raster { frame, grid })
    }

    /// A heart of about 12 mm: a disc whose radius follows the angle, with a notch on top.
    fn heart_volume() -> SafeVolume {
        let frame = Frame {
            x_min_mm: -8.0,
            y_max_mm: 8.0,
            mm_per_px: 0.1,
        };
        let grid = Grid::from_fn(160, 160, |column, row| {
            let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
            let from_top = (x.abs() / (y + 1e-9)).atan().abs();
            let radius = if y > 0.0 {
                4.5 + 2.0 * from_top.min(0.7)
            } else {
                5.9
            };
            (radius - x.hypot(y)) as f32
        });
        volume(Raster { frame, grid })
    }

    fn photo(luminance: Grid<f32>) -> Photo {
        Photo {
            luminance,
            alpha: None,
            warnings: Vec::new(),
        }
    }

    fn linear_settings() -> ToneSettings {
        ToneSettings {
            mode: ToneMode::Linear,
            ..Default::default()
        }
    }

    fn toned(
        photo: &Photo,
        placement: &PlacementSettings,
        volume: &SafeVolume,
        tone: &ToneSettings,
    ) -> Toned {
        let (width, height) = (photo.luminance.width(), photo.luminance.height());
        let placed = place(width, height, placement, volume, None).unwrap();
        let alpha = photo.alpha.as_ref();
        tone_map(photo, alpha, None, &placed, volume, PIXEL_MM.0, tone).unwrap()
    }

    /// Two portraits' worth of shades: a disc of grey texture before a dark gradient.
    fn picture(width: usize, height: usize) -> Grid<f32> {
        Grid::from_fn(width, height, |column, row| {
            let (x, y) = (column as f32 / width as f32, row as f32 / height as f32);
            let disc = (x - 0.45).hypot(y - 0.55) < 0.3;
            let texture = 0.1 * (40.0 * x).sin() * (31.0 * y).cos();
            if disc {
                0.4 + texture
            } else {
                0.15 * x + 0.02 * y
            }
        })
    }

    #[test]
    fn a_linear_ramp_stays_linear_to_the_last_bit() {
        // 400 x 400 px on 10 x 10 mm: a photo pixel is a map pixel.
        let light = |column: usize, row: usize| (column * 163 + row) as f32 / 65535.0;
        let photo = photo(Grid::from_fn(400, 400, light));
        let toned = toned(
            &photo,
            &PlacementSettings::default(),
            &box_volume(10.0, 10.0),
            &linear_settings(),
        );
        let grid = &toned.map.grid;
        assert_eq!((grid.width(), grid.height()), (400, 400));
        for row in 0..400 {
            for column in 0..400 {
                // The bilinear inset rounds the corners of the box off.
                if [0, 399].contains(&row) && [0, 399].contains(&column) {
                    continue;
                }
                let wanted = column * 163 + row;
                assert_eq!(usize::from(grid.at(column, row)), wanted, "{column} {row}");
            }
        }
    }

    #[test]
    fn a_ramp_stays_linear_at_any_scale() {
        for pixels in [37, 250, 1311] {
            let light = |column: usize, _| (column as f32 + 0.5) / pixels as f32;
            let photo = photo(Grid::from_fn(pixels, pixels, light));
            let toned = toned(
                &photo,
                &PlacementSettings::default(),
                &box_volume(10.0, 10.0),
                &linear_settings(),
            );
            // Beside the borders, where a filter of two photo pixels meets the end of the ramp.
            for column in 40..360 {
                let wanted = (column as f64 + 0.5) / 400.0;
                let have = f64::from(toned.map.grid.at(column, 200)) / 65535.0;
                assert!((have - wanted).abs() < 2e-5, "{pixels} px: {have} {wanted}");
            }
        }
    }

    #[test]
    fn the_frame_is_the_safe_box_with_fine_pixels() {
        let photo = photo(Grid::filled(10, 10, 1.0));
        for (width_mm, height_mm) in [(10.0, 10.0), (7.33, 3.21), (0.5, 12.0)] {
            let volume = box_volume(width_mm, height_mm);
            let map = toned(
                &photo,
                &PlacementSettings::default(),
                &volume,
                &linear_settings(),
            )
            .map;
            let [x_min_mm, _, _, y_max_mm] = volume.bounds_mm();
            assert!(map.frame.mm_per_px <= PIXEL_MM.0);
            assert!((map.frame.x_min_mm - x_min_mm).abs() <= map.frame.mm_per_px / 2.0);
            assert!((map.frame.y_max_mm - y_max_mm).abs() <= map.frame.mm_per_px / 2.0);
        }
        let huge = map_frame([-200.0, -100.0, 200.0, 100.0], PIXEL_MM.0);
        assert!(huge.1.0 <= 8192 && huge.1.1 <= 4096);
    }

    #[test]
    fn outside_the_safe_outline_is_nothing() {
        let volume = heart_volume();
        let photo = photo(Grid::filled(300, 300, 1.0));
        for tone in [linear_settings(), ToneSettings::default()] {
            let map = toned(&photo, &PlacementSettings::default(), &volume, &tone).map;
            let mut inside = 0;
            for row in 0..map.grid.height() {
                for column in 0..map.grid.width() {
                    let (x, y) = map.frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
                    if volume.inset_mm.at_mm(x, y) < 0.0 {
                        assert_eq!(map.grid.at(column, row), 0);
                    } else {
                        inside += usize::from(map.grid.at(column, row) > 0);
                    }
                }
            }
            assert!(inside > map.grid.values().len() / 2);
        }
    }

    #[test]
    fn nothing_is_turned_or_mirrored_unasked() {
        // White in the upper left quarter only.
        let light = |column: usize, row: usize| f32::from(u8::from(column < 50 && row < 50));
        let photo = photo(Grid::from_fn(100, 100, light));
        let volume = box_volume(10.0, 10.0);
        let lit = |degrees: f64| {
            let placement = PlacementSettings {
                rotate_degrees: Degrees::new(degrees).unwrap(),
                ..Default::default()
            };
            let grid = toned(&photo, &placement, &volume, &linear_settings())
                .map
                .grid;
            [(100, 100), (300, 100), (100, 300), (300, 300)]
                .map(|(column, row)| grid.at(column, row) > 60_000)
        };
        assert_eq!(lit(0.0), [true, false, false, false]);
        assert_eq!(lit(90.0), [false, false, true, false]);
        assert_eq!(lit(180.0), [false, false, false, true]);
        assert_eq!(lit(-90.0), [false, true, false, false]);
    }

    #[test]
    fn a_turned_photo_holds_the_same_light() {
        let photo = photo(picture(500, 400));
        let volume = box_volume(12.0, 12.0);
        let area = |degrees: f64| {
            let placement = PlacementSettings {
                fit: Some(Fit::Contain),
                zoom: 0.7,
                rotate_degrees: Degrees::new(degrees).unwrap(),
                ..Default::default()
            };
            toned(&photo, &placement, &volume, &linear_settings())
                .map
                .full_area_mm2()
        };
        let upright = area(0.0);
        for degrees in [1.0, 33.0, 90.0, 123.0] {
            let turned = area(degrees);
            assert!(
                (turned / upright - 1.0).abs() < 2e-3,
                "{degrees}: {turned} {upright}"
            );
        }
    }

    #[test]
    fn contain_leaves_the_rest_empty_and_fades_at_the_photos_edge() {
        let photo = photo(Grid::from_fn(200, 100, |column, row| {
            0.6 + 0.3 * f32::from(u8::from((column / 10 + row / 10) % 2 == 0))
        }));
        let placement = PlacementSettings {
            fit: Some(Fit::Contain),
            ..Default::default()
        };
        let volume = box_volume(10.0, 10.0);
        let map = toned(&photo, &placement, &volume, &linear_settings()).map;
        assert_eq!((map.grid.at(200, 99), map.grid.at(200, 300)), (0, 0));
        assert!(map.grid.at(200, 100) > 30_000 && map.grid.at(200, 299) > 30_000);
        let map = toned(&photo, &placement, &volume, &ToneSettings::default()).map;
        assert_eq!(map.grid.at(200, 99), 0);
        assert!(map.grid.at(200, 102) < 2_000 && map.grid.at(200, 145) > 20_000);
    }

    #[test]
    fn the_fade_has_the_width_of_the_setting() {
        let photo = photo(Grid::filled(100, 100, 1.0));
        let settings = ToneSettings {
            fade_mm: Some(Mm::constant(2.0)),
            ..linear_settings()
        };
        let volume = box_volume(10.0, 10.0);
        let grid = toned(&photo, &PlacementSettings::default(), &volume, &settings)
            .map
            .grid;
        let at = |inset_mm: f64| f64::from(grid.at((inset_mm / 0.025) as usize, 200)) / 65535.0;
        for inset_mm in [0.5, 1.0, 1.5] {
            let t: f64 = (inset_mm + 0.0125) / 2.0;
            let wanted = t * t * (3.0 - 2.0 * t);
            assert!(
                (at(inset_mm) - wanted).abs() < 1e-3,
                "{} {wanted}",
                at(inset_mm)
            );
        }
        assert_eq!(at(2.0), 1.0);
    }

    #[test]
    fn needles_and_single_pixels_make_maps() {
        let volume = heart_volume();
        for (width, height) in [(1, 1), (10_000, 1), (1, 10_000), (3, 2)] {
            let photo = photo(Grid::filled(width, height, 0.5));
            for fit in [Fit::Cover, Fit::Contain] {
                for degrees in [0.0, 30.0] {
                    let placement = PlacementSettings {
                        fit: Some(fit),
                        rotate_degrees: Degrees::new(degrees).unwrap(),
                        ..Default::default()
                    };
                    let toned = toned(&photo, &placement, &volume, &linear_settings());
                    let most = *toned.map.grid.values().iter().max().unwrap();
                    assert!(most <= 32_768, "{width} x {height}: {most}");
                    assert!(fit == Fit::Contain || most == 32_768);
                }
            }
        }
    }

    #[test]
    fn junk_under_alpha_never_shows() {
        let subject = picture(300, 300);
        let alpha = Grid::from_fn(300, 300, |column, row| {
            let distance = (column as f32 - 150.0).hypot(row as f32 - 150.0);
            ((100.0 - distance) / 10.0).clamp(0.0, 1.0)
        });
        let with_junk = |junk: f32| {
            let mut luminance = subject.clone();
            for (light, &alpha) in luminance.values_mut().iter_mut().zip(alpha.values()) {
                if alpha == 0.0 {
                    *light = junk;
                }
            }
            Photo {
                luminance,
                alpha: Some(alpha.clone()),
                warnings: Vec::new(),
            }
        };
        let volume = heart_volume();
        for tone in [linear_settings(), ToneSettings::default()] {
            let maps = [0.0, 0.5, 1.0].map(|junk| {
                toned(
                    &with_junk(junk),
                    &PlacementSettings::default(),
                    &volume,
                    &tone,
                )
                .map
            });
            assert!(maps[0].full_area_mm2() > 1.0);
            assert!(maps[0] == maps[1] && maps[1] == maps[2]);
        }
    }

    #[test]
    fn inverted_glass_keeps_what_is_transparent_empty() {
        let photo = Photo {
            luminance: Grid::filled(100, 100, 0.25),
            alpha: Some(Grid::from_fn(100, 100, |column, _| {
                f32::from(u8::from(column < 50))
            })),
            warnings: Vec::new(),
        };
        let settings = ToneSettings {
            invert: true,
            ..linear_settings()
        };
        let volume = box_volume(10.0, 10.0);
        let grid = toned(&photo, &PlacementSettings::default(), &volume, &settings)
            .map
            .grid;
        assert_eq!((grid.at(100, 200), grid.at(300, 200)), (49_151, 0));
    }

    #[test]
    fn maps_are_the_same_on_any_number_of_threads() {
        let photo = photo(picture(800, 700));
        let volume = heart_volume();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                [0.0, 20.0].map(|degrees| {
                    let placement = PlacementSettings {
                        rotate_degrees: Degrees::new(degrees).unwrap(),
                        ..Default::default()
                    };
                    toned(&photo, &placement, &volume, &ToneSettings::default()).map
                })
            })
        };
        let one = on(1);
        assert!(one == on(2) && one == on(5));
    }

    #[test]
    fn empty_and_flat_pictures_are_told() {
        let volume = heart_volume();
        let told = |luminance: f32, tone: &ToneSettings| {
            let photo = photo(Grid::filled(300, 300, luminance));
            toned(&photo, &PlacementSettings::default(), &volume, tone)
                .warnings
                .join("\n")
        };
        assert!(told(0.5, &ToneSettings::default()).contains("one even grey"));
        assert!(told(0.0, &ToneSettings::default()).contains("nothing of the photo"));
        assert!(told(0.0, &linear_settings()).contains("nothing of the photo"));
        assert!(told(0.5, &linear_settings()).contains("one even grey"));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        type Spoil = fn(&mut ToneSettings, f64);
        let spoil: [(&str, Spoil); 5] = [
            ("--toning", |settings, value| settings.toning = value),
            ("--floor", |settings, value| settings.floor = value),
            ("--ceiling", |settings, value| settings.ceiling = value),
            ("--brightness", |settings, value| {
                settings.brightness = value
            }),
            ("--contrast", |settings, value| settings.contrast = value),
        ];
        for (flag, spoil) in spoil {
            for value in [f64::NAN, f64::INFINITY, -7.0, 7.0] {
                let mut settings = ToneSettings::default();
                spoil(&mut settings, value);
                let error = validate(&settings).unwrap_err().to_string();
                assert!(error.starts_with(flag), "{error}");
            }
        }
        let crossed = ToneSettings {
            floor: 0.3,
            ceiling: 0.2,
            ..Default::default()
        };
        assert!(
            validate(&crossed)
                .unwrap_err()
                .to_string()
                .contains("--ceiling 0.2")
        );
        let faded = ToneSettings {
            fade_mm: Mm::new(-1.0),
            ..Default::default()
        };
        assert!(
            validate(&faded)
                .unwrap_err()
                .to_string()
                .starts_with("--fade -1")
        );
    }

    #[test]
    fn the_png_holds_the_map_bit_for_bit() {
        let map = ToneMap {
            frame: map_frame([0.0, 0.0, 1.0, 1.0], PIXEL_MM.0).0,
            grid: Grid::from_fn(5, 3, |column, row| (column * 13_000 + row * 257 + 1) as u16),
        };
        let decoded = image::load_from_memory(&map.to_png()).unwrap();
        assert_eq!(decoded.color(), image::ColorType::L16);
        assert_eq!(decoded.into_luma16().into_raw(), map.grid.values());
    }
}
