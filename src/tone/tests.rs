//! Tests of tone as a stage: what a photo, a placement and a safe area become.

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
    tone_map(photo, alpha, None, &placed, volume, PIXEL_MM, tone).unwrap()
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
fn pixels_are_not_larger_than_both_the_bound_and_the_photos_own() {
    for density_per_mm2 in [0.0, 50.0, 752.0, 1225.0, 1e6] {
        for mm_per_photo_px in [0.004, 0.025, 0.03, 0.2] {
            let side_mm = pixel_mm(density_per_mm2, mm_per_photo_px);
            assert!(side_mm <= mm_per_photo_px.max(0.025));
            assert!((0.0225..=0.0365).contains(&side_mm));
        }
    }
    // The photo's own, where they are hardly smaller than wanted.
    assert_eq!(pixel_mm(752.0, 0.0247), 0.0247);
    assert_eq!(pixel_mm(752.0, 0.0333), 0.0333);
    assert_eq!(pixel_mm(1e6, 0.022), 0.025);
    // As wide as points are apart, where the photo has no more.
    assert!((pixel_mm(1.0 / (0.03 * 0.03), 0.05) - 0.03).abs() < 1e-12);
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
fn the_photos_own_pixels_are_taken_as_they_are() {
    // Wider than the area and narrower than it, and beside it.
    let settings = |fit, x_mm| PlacementSettings {
        fit: Some(fit),
        offset_x_mm: Mm::new(x_mm).unwrap(),
        offset_y_mm: Mm::new(-0.4).unwrap(),
        ..Default::default()
    };
    for (size, fit, x_mm) in [
        ((420, 400), Fit::Cover, 0.0),
        ((300, 400), Fit::Contain, 0.3),
        ((300, 400), Fit::Contain, 6.0),
    ] {
        let photo = photo(picture(size.0, size.1));
        let volume = box_volume(12.0, 10.0);
        let placed = place(size.0, size.1, &settings(fit, x_mm), &volume, None).unwrap();
        let pixel_mm = placed.mm_per_photo_px;
        let toned = tone_map(
            &photo,
            None,
            None,
            &placed,
            &volume,
            pixel_mm,
            &linear_settings(),
        );
        let map = toned.unwrap().map;
        let mut shown = 0;
        for row in 1..map.grid.height() - 1 {
            for column in 1..map.grid.width() - 1 {
                let (x, y) = map.frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
                let at = placed.photo_to_blank.inverse() * nalgebra::Point2::new(x, y);
                assert!((at.x.rem_euclid(1.0) - 0.5).abs() < 1e-6);
                assert!((at.y.rem_euclid(1.0) - 0.5).abs() < 1e-6);
                let on = |at: f64, length: usize| (0.0..length as f64).contains(&at);
                let light = if on(at.x, size.0) && on(at.y, size.1) {
                    shown += 1;
                    photo.luminance.at(at.x as usize, at.y as usize)
                } else {
                    0.0
                };
                // The corners of a box are round.
                if volume.inset_mm.at_mm(x, y) > 0.0 {
                    let wanted = (light * 65535.0).round_ties_even() as u16;
                    assert_eq!(map.grid.at(column, row), wanted, "{column} {row}");
                }
            }
        }
        assert!(shown > 20_000);
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
        assert!(map.frame.mm_per_px <= PIXEL_MM);
        assert!((map.frame.x_min_mm - x_min_mm).abs() <= map.frame.mm_per_px / 2.0);
        assert!((map.frame.y_max_mm - y_max_mm).abs() <= map.frame.mm_per_px / 2.0);
    }
    let huge = map_frame([-200.0, -100.0, 200.0, 100.0], PIXEL_MM, None);
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
fn the_png_holds_the_map_bit_for_bit() {
    let map = ToneMap {
        frame: map_frame([0.0, 0.0, 1.0, 1.0], PIXEL_MM, None).0,
        grid: Grid::from_fn(5, 3, |column, row| (column * 13_000 + row * 257 + 1) as u16),
    };
    let decoded = image::load_from_memory(&map.to_png()).unwrap();
    assert_eq!(decoded.color(), image::ColorType::L16);
    assert_eq!(decoded.into_luma16().into_raw(), map.grid.values());
}
