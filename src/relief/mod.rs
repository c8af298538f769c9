//! Relief: depth map -> surface in mm inside the safe volume.
//!
//! In order: the part of map and photo that the safe area shows is cut out, holes are filled, steps
//! of whole numbers smoothed, jumps shrunk as far as asked, the map is brought to the relief's raster along the photo's edges, its
//! range found without stray values, scaled to mm, slopes limited, and the surface held inside the
//! volume. The photo only says where jumps of depth lie; its brightness never becomes geometry.

mod compress;
mod fill;
mod place;
mod range;
mod room;
mod slope;
mod steps;
mod upsample;
mod view;
mod window;

use crate::blank::SafeVolume;
use crate::depth::DepthMap;
use crate::error::Result;
use crate::grid::{Grid, Raster};
use crate::photo::Photo;
use crate::placement::Placement;
use crate::settings::DepthSettings;
use place::Place;
use range::Range;
use room::Room;
use view::View;
use window::Window;

/// Radius of the blurs before and after slopes are limited, mm: just under the distance between
/// points, which cannot show anything finer. Without them each ragged pixel of an outline
/// throws a streak down the ramp.
const CALM_MM: f64 = 0.06;

/// A relief and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// z of the front layer in mm over the safe area.
    pub surface: Raster,
    /// Depth from the nearest to the farthest point of the front layer, mm.
    pub relief_mm: f64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Shapes a relief; the points of all layers need so much more room in the volume before and behind the front
/// layer.
///
/// # Errors
///
/// [`crate::Error::Setting`] for a relief deeper than the safe volume, or not a positive length, and for
/// layers that alone are deeper than the volume.
///
/// # Guarantees
///
/// - The surface is finite, and between pixel centres too at least `behind_mm` above the volume's
///   least z and `before_mm` below its largest, wherever there is that much room.
/// - Slopes are at most 2.5, but for those of the volume's own bounds.
pub fn shape(
    depth: &DepthMap,
    photo: &Photo,
    matte: Option<&Grid<f32>>,
    placement: &Placement,
    volume: &SafeVolume,
    [before_mm, behind_mm]: [f64; 2],
    settings: &DepthSettings,
) -> Result<Shaped> {
    let view = View::new(volume, photo, placement);
    let (frame, seen) = (view.frame, view.seen(volume, matte));
    let room = Room::new(volume, [before_mm, behind_mm], frame, view.raster_px);
    let mut warnings = Vec::new();

    let mut nearness = depth_on_raster(depth, photo, &view, settings);
    let span = Range::of(&nearness, Some(&seen));
    let flat = span.is_flat();
    if flat {
        warnings.push("the depth map is the same everywhere: the relief is flat".to_owned());
    }
    let layers_mm = before_mm + behind_mm;
    let place = Place::choose(&room, &seen, frame, layers_mm, settings.relief_mm, flat)?;
    warnings.extend(place.warning.clone());
    nearness.for_each_row(|_, values| {
        for value in values {
            *value = place.far_mm + span.fraction(*value) * (place.near_mm - place.far_mm);
        }
    });
    let mut surface = Raster {
        frame,
        grid: nearness,
    };
    let radius_px = (CALM_MM / frame.mm_per_px) as usize;
    surface.grid = steps::blur(&surface.grid, radius_px);
    slope::limit(&mut surface);
    surface.grid = steps::blur(&surface.grid, radius_px);
    room.hold(&mut surface.grid);
    let relief_mm = depth_of(&surface.grid, &seen);
    Ok(Shaped {
        surface,
        relief_mm,
        warnings,
    })
}

/// Nearness on the raster, its range about 0..1.
fn depth_on_raster(
    depth: &DepthMap,
    photo: &Photo,
    view: &View,
    settings: &DepthSettings,
) -> Grid<f32> {
    let (to_photo, raster_px) = (&view.to_photo, view.raster_px);
    let mut map = Window::cut(&depth.nearness, to_photo, raster_px);
    let span = Range::of(&map.grid, None);
    if span.is_flat() {
        return Grid::filled(raster_px.0, raster_px.1, 0.0);
    }
    let scaled = map.grid.map(|value| span.fraction_with_slack(value));
    let step = steps::step(&scaled);
    map.grid = steps::smooth(&fill::fill(scaled), step);
    let curve = settings.relief_curve.unwrap_or(0.0) as f32;
    if curve > 0.0 {
        map.grid = compress::compress(&map.grid, curve);
        // What follows knows jumps by their fraction of the range.
        let span = Range::of(&map.grid, None);
        map.grid = map.grid.map(|value| span.fraction_with_slack(value));
    }
    if settings.detail != 1.0 {
        map.grid = compress::sharpen(&map.grid, settings.detail as f32);
    }
    let mut lightness = Window::cut(&photo.luminance, to_photo, raster_px);
    // About as even to the eye as lightness, and cheap.
    lightness.grid = lightness.grid.map(|light| light.max(0.0).sqrt());
    upsample::upsample(&map, &lightness, raster_px)
}

/// Depth from the nearest to the farthest point that is seen.
fn depth_of(surface: &Grid<f32>, seen: &Grid<bool>) -> f64 {
    let all = surface.values().iter().zip(seen.values());
    let (low, high) = all.filter(|(_, seen)| **seen).fold(
        (f32::INFINITY, f32::NEG_INFINITY),
        |(low, high), (&z, _)| (low.min(z), high.max(z)),
    );
    f64::from(high - low).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blank::Bound;
    use crate::grid::Frame;
    use crate::placement::CropMethod;
    use crate::random::unit;
    use crate::settings::{Crop, DepthSource};
    use crate::units::Mm;
    use nalgebra::{Affine2, Matrix3};
    use proptest::prelude::*;

    const SIDE_PX: usize = 320;

    /// A box of 16 x 16 x 6 mm.
    fn volume() -> SafeVolume {
        let frame = Frame {
            x_min_mm: -8.0,
            y_max_mm: 8.0,
            mm_per_px: 0.25,
        };
        SafeVolume {
            inset_mm: Raster {
                frame,
                grid: Grid::filled(64, 64, 1.0),
            },
            z_min_mm: Bound::Constant(-3.0),
            z_max_mm: Bound::Constant(3.0),
        }
    }

    /// A photo over the whole box.
    fn placed(width: usize, height: usize) -> Placement {
        let (x, y) = (16.0 / width as f64, 16.0 / height as f64);
        let matrix = Matrix3::new(x, 0.0, -8.0, 0.0, -y, 8.0, 0.0, 0.0, 1.0);
        Placement {
            photo_to_blank: Affine2::from_matrix_unchecked(matrix),
            mm_per_photo_px: x,
            crop: Crop {
                x_px: 0.0,
                y_px: 0.0,
                width_px: width as f64,
                height_px: height as f64,
            },
            crop_method: CropMethod::Whole,
            subject_cut: None,
            head_cut: None,
            warnings: Vec::new(),
        }
    }

    fn photo_of(luminance: Grid<f32>) -> Photo {
        Photo {
            luminance,
            alpha: None,
            warnings: Vec::new(),
        }
    }

    fn settings(relief_mm: Option<f64>) -> DepthSettings {
        DepthSettings {
            source: DepthSource::None,
            relief_mm: relief_mm.and_then(Mm::new),
            ..DepthSettings::default()
        }
    }

    fn shaped(nearness: Grid<f32>, photo: &Photo, relief_mm: Option<f64>) -> Result<Shaped> {
        let placement = placed(photo.luminance.width(), photo.luminance.height());
        let depth = DepthMap { nearness };
        let settings = settings(relief_mm);
        shape(
            &depth,
            photo,
            None,
            &placement,
            &volume(),
            [0.0, 0.6],
            &settings,
        )
    }

    /// Distance from a wavy round outline, photo px, positive inside.
    fn inside_px(x: f64, y: f64) -> f64 {
        let (x, y) = (x - 160.0, y - 160.0);
        90.0 + 12.0 * (3.0 * y.atan2(x)).sin() - x.hypot(y)
    }

    /// A thing with soft dark stripes before a bright, gently sloping wall, both grainy.
    fn scene() -> (Photo, Grid<f32>) {
        let light = Grid::from_fn(SIDE_PX, SIDE_PX, |column, row| {
            let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
            let grain = 0.04 * unit(3, (row * SIDE_PX + column) as u64);
            let thing = 0.12 + 0.06 * (0.2 * x + 0.1 * y).sin() as f32;
            let wall = 0.5 + 0.1 * (x / 320.0) as f32;
            let cover = (inside_px(x, y) + 0.5).clamp(0.0, 1.0) as f32;
            wall + cover * (thing - wall) + grain
        });
        let nearness = Grid::from_fn(SIDE_PX, SIDE_PX, |column, row| {
            let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
            let r = (x - 160.0).hypot(y - 160.0) / 110.0;
            let far = 0.1 * (y / 320.0);
            (if inside_px(x, y) > 0.0 {
                0.8 + 0.2 * (1.0 - r * r)
            } else {
                far
            }) as f32
        });
        (photo_of(light), nearness)
    }

    /// Distances of half the jump from the true outline along rays, photo px. The ramp of 2.5 mm a
    /// mm ends 10 px from the outline; beyond it, the thing's own curve would count as an error.
    fn edge_errors_px(surface: &Raster) -> Vec<f64> {
        let at = |angle: f64, r: f64| {
            let (x, y) = (160.0 + r * angle.cos(), 160.0 + r * angle.sin());
            (x, y, surface.at_mm(x * 0.05 - 8.0, 8.0 - y * 0.05))
        };
        let rays = (0..240).map(|ray| f64::from(ray) * std::f64::consts::TAU / 240.0);
        rays.map(|angle| {
            let outline = 90.0 + 12.0 * (3.0 * angle).sin();
            let middle = 0.5 * (at(angle, outline - 14.0).2 + at(angle, outline + 14.0).2);
            let steps = (-400..400).map(|step| f64::from(step) * 0.1);
            let crossing = steps.clone().find(|r| at(angle, outline + r).2 < middle);
            let (x, y, _) = at(angle, outline + crossing.unwrap_or(40.0));
            inside_px(x, y).abs()
        })
        .collect()
    }

    #[test]
    fn jumps_of_a_map_reduced_eight_times_lie_on_the_photos_edges() {
        let (photo, nearness) = scene();
        let reduced = |mean: bool| {
            Grid::from_fn(SIDE_PX / 8, SIDE_PX / 8, |column, row| {
                if !mean {
                    return nearness.at(column * 8 + 4, row * 8 + 4);
                }
                let all = (0..64).map(|i| nearness.at(column * 8 + i % 8, row * 8 + i / 8));
                all.sum::<f32>() / 64.0
            })
        };
        for mean in [true, false] {
            let shaped = shaped(reduced(mean), &photo, Some(3.0)).unwrap();
            let mut errors = edge_errors_px(&shaped.surface);
            errors.sort_by(f64::total_cmp);
            let (most, worst) = (errors[errors.len() * 95 / 100], errors[errors.len() - 1]);
            assert!(
                most <= 2.0,
                "mean {mean}: 95 % of the edge within {most} px"
            );
            assert!(worst <= 4.0, "mean {mean}: worst {worst} px");
        }
        // The measure can fail: without the photo, a map of every eighth value is off.
        let blind = photo_of(Grid::filled(SIDE_PX, SIDE_PX, 0.5));
        let shaped = shaped(reduced(false), &blind, Some(3.0)).unwrap();
        let errors = edge_errors_px(&shaped.surface);
        assert!(errors.iter().filter(|&&error| error > 2.0).count() > 24);
    }

    #[test]
    fn the_photos_brightness_is_not_geometry() {
        // A plain slope under a photo of stripes and grain gives the same relief as under grey.
        let slope = Grid::from_fn(80, 80, |column, row| (column + row) as f32 / 158.0);
        let striped = photo_of(Grid::from_fn(SIDE_PX, SIDE_PX, |column, row| {
            let grain = unit(9, (row * SIDE_PX + column) as u64);
            if column / 7 % 2 == 0 {
                0.9
            } else {
                0.3 * grain
            }
        }));
        let grey = photo_of(Grid::filled(SIDE_PX, SIDE_PX, 0.4));
        let a = shaped(slope.clone(), &striped, Some(3.0)).unwrap().surface;
        let b = shaped(slope, &grey, Some(3.0)).unwrap().surface;
        let pairs = a.grid.values().iter().zip(b.grid.values());
        let worst = pairs.fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(worst < 0.01, "{worst} mm");
    }

    #[test]
    fn relief_is_as_deep_as_asked_or_as_fits() {
        let (photo, nearness) = scene();
        let asked = shaped(nearness.clone(), &photo, Some(2.0)).unwrap();
        assert!((asked.relief_mm - 2.0).abs() < 0.02, "{}", asked.relief_mm);
        assert!(asked.warnings.is_empty());
        // 6 mm less 0.6 behind and 0.72 on both sides.
        let default = shaped(nearness.clone(), &photo, None).unwrap();
        assert!(
            (default.relief_mm - 3.96).abs() < 0.04,
            "{}",
            default.relief_mm
        );
        let tight = shaped(nearness.clone(), &photo, Some(5.3)).unwrap();
        assert!(tight.warnings[0].contains("free in front"));
        for odd in [0.0, -1.0, 5.5, 1e9] {
            let error = shaped(nearness.clone(), &photo, Some(odd))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("--relief"), "{error}");
        }
    }

    #[test]
    fn a_depth_map_of_one_value_is_flat_with_a_warning() {
        let (photo, _) = scene();
        for value in [0.0, 93.0, f32::NAN] {
            let shaped = shaped(Grid::filled(20, 20, value), &photo, None).unwrap();
            assert_eq!(shaped.relief_mm, 0.0);
            assert_eq!(shaped.warnings.len(), 1);
            assert!(
                shaped
                    .surface
                    .grid
                    .values()
                    .iter()
                    .all(|&z| (z - 0.3).abs() < 1e-6)
            );
        }
    }

    #[test]
    fn holes_and_strays_leave_no_mark() {
        let slope = |x: usize| x as f32 / 99.0;
        let damaged = Grid::from_fn(100, 100, |column, row| match (column, row) {
            (30..50, 40..70) => f32::NAN,
            (80, 20) => 1e20,
            (10, 20) => f32::NEG_INFINITY,
            _ => slope(column),
        });
        let grey = photo_of(Grid::filled(SIDE_PX, SIDE_PX, 0.4));
        let whole = Grid::from_fn(100, 100, |column, _| slope(column));
        let a = shaped(whole, &grey, Some(3.0)).unwrap().surface;
        let b = shaped(damaged, &grey, Some(3.0)).unwrap().surface;
        let (hole, plain) = (b.at_mm(-1.6, -0.8), a.at_mm(-1.6, -0.8));
        assert!((hole - plain).abs() < 0.3, "{hole} for {plain}");
        assert!((b.at_mm(5.0, -4.0) - a.at_mm(5.0, -4.0)).abs() < 0.05);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_surface_stays_inside_whatever_the_map(
            values in prop::collection::vec(prop_oneof![
                8 => -1.0f32..1.0, 1 => prop::num::f32::ANY,
            ], 48),
            bounds in prop::collection::vec(0.1f32..4.0, 2 * 64),
            before_mm in 0.0f64..0.3,
            behind_mm in 0.0f64..1.5,
            turn in 0.0f64..6.3,
            zoom in 0.05f64..20.0,
        ) {
            let raster = |values: &[f32], sign: f32| Raster {
                frame: Frame { x_min_mm: -8.0, y_max_mm: 8.0, mm_per_px: 2.0 },
                grid: Grid::from_values(8, 8, values.iter().map(|v| sign * v).collect()).unwrap(),
            };
            let volume = SafeVolume {
                z_min_mm: Bound::Varying(raster(&bounds[..64], -1.0)),
                z_max_mm: Bound::Varying(raster(&bounds[64..], 1.0)),
                ..volume()
            };
            let mut placement = placed(40, 40);
            placement.mm_per_photo_px *= zoom;
            placement.photo_to_blank = Affine2::from_matrix_unchecked(
                Matrix3::new(zoom, 0.0, 0.0, 0.0, zoom, 0.0, 0.0, 0.0, 1.0)
                    * nalgebra::Rotation2::new(turn).to_homogeneous(),
            ) * placement.photo_to_blank;
            let depth = DepthMap { nearness: Grid::from_values(8, 6, values).unwrap() };
            let photo = photo_of(Grid::from_fn(40, 40, |x, y| unit(1, (x * y) as u64)));
            let settings = settings(None);
            let around_mm = [before_mm, behind_mm];
            let result = shape(&depth, &photo, None, &placement, &volume, around_mm, &settings);
            let Ok(shaped) = result else { return Ok(()) };
            let [before, behind] = around_mm.map(|mm| mm as f32);
            for index in 0..4000 {
                let x = f64::from(unit(5, index)) * 16.0 - 8.0;
                let y = f64::from(unit(6, index)) * 16.0 - 8.0;
                let z = shaped.surface.at_mm(x, y);
                prop_assert!(z.is_finite());
                let low = volume.z_min_mm.at_mm(x, y) + behind;
                let high = volume.z_max_mm.at_mm(x, y) - before;
                if high - low > 1.0 {
                    prop_assert!(z >= low - 1e-4 && z <= high + 1e-4, "{z} not in {low}..{high}");
                }
            }
        }
    }
}
