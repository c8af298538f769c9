//! What the sampler promises, on generated tone maps and surfaces: spacing, place, count, density
//! of white, edges, seams, evenness in the dark. The clouds are judged by their coordinates alone.

use glyptic::blank::{Bound, SafeVolume};
use glyptic::grid::{Frame, Grid, Raster};
use glyptic::plate::{Plate, Surface};
use glyptic::sampling::{self, Quality, Sampled, Sampling, Spacing};
use glyptic::tone::ToneMap;
use glyptic::{Cloud, Run};
use proptest::prelude::*;

/// A square tone map of so many mm, `value(x, y)` in mm from its centre.
fn tone(side_mm: f64, px_mm: f64, value: impl Fn(f64, f64) -> f64 + Sync + Send) -> ToneMap {
    let px = (side_mm / px_mm).round() as usize;
    let frame = Frame {
        x_min_mm: -side_mm / 2.0,
        y_max_mm: side_mm / 2.0,
        mm_per_px: px_mm,
    };
    let grid = Grid::from_fn(px, px, |column, row| {
        let (x, y) = frame.to_mm(column as f64 + 0.5, row as f64 + 0.5);
        (value(x, y).clamp(0.0, 1.0) * 65535.0).round() as u16
    });
    ToneMap { frame, grid }
}

fn room(tone: &ToneMap, z_mm: f32) -> SafeVolume {
    SafeVolume {
        inset_mm: Raster {
            frame: tone.frame,
            grid: Grid::filled(2, 2, 1.0),
        },
        z_min_mm: Bound::Constant(-z_mm),
        z_max_mm: Bound::Constant(z_mm),
    }
}

fn spacing(xy_mm: f64, z_mm: f64, precision_mm: f64) -> Spacing {
    Spacing {
        xy_mm,
        z_mm,
        precision_mm,
        single_precision_to_mm: (precision_mm < 0.005).then_some(100.0),
    }
}

fn settings(spacing: Spacing, quality: Quality) -> Sampling {
    Sampling {
        spacing,
        quality,
        seed: 1,
        points: None,
        jitter_z_mm: 0.0,
    }
}

fn sample(plates: &[Plate], sampling: &Sampling) -> Sampled {
    let volume = room(&plates[0].tone, 20.0);
    sampling::sample(plates, &volume, sampling, &Run::default()).unwrap()
}

/// The least scaled distance of any two points, by looking at all neighbours in the order of x.
fn least_ratio(cloud: &Cloud, spacing: &Spacing) -> f64 {
    let mut points: Vec<[f64; 3]> = cloud.points().map(|p| p.map(f64::from)).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut least = f64::INFINITY;
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            let dx = (b[0] - a[0]) / spacing.xy_mm;
            if dx >= 1.0 {
                break;
            }
            let dy = (b[1] - a[1]) / spacing.xy_mm;
            let dz = (b[2] - a[2]) / spacing.z_mm;
            least = least.min((dx * dx + dy * dy + dz * dz).sqrt());
        }
    }
    least
}

#[test]
fn the_judge_sees_points_too_close() {
    let cloud = Cloud::from_arrays(vec![0.0, 0.05], vec![0.0, 0.0], vec![0.0, 0.0]).unwrap();
    let ratio = least_ratio(&cloud, &spacing(0.08, 0.09, 0.001));
    assert!((ratio - 0.625).abs() < 1e-5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Random waves of tone over random waves and jumps of depth, for all kinds of spacing.
    #[test]
    fn points_keep_their_distance_and_their_place(
        xy in 3u32..21, z in 3u32..21, coarse in any::<bool>(), layers in 1u32..9,
        quality in 0u32..3, seed in 0u64..1000,
        wave in 0.0f64..3.0, depth_mm in 0.0f64..2.0, jump_mm in 0.0f64..2.0,
        jitter in 0u32..3,
    ) {
        let spacing =
            spacing(f64::from(xy) / 100.0, f64::from(z) / 100.0, if coarse { 0.01 } else { 0.001 });
        let side = spacing.xy_mm * 30.0;
        let map = tone(side, side / 90.0, |x, y| 0.5 + 0.6 * (wave * x / side * 9.0).sin() * (y * 3.0).cos());
        let grid = Grid::from_fn(60, 60, |i, j| {
            let (x, y) = (i as f64 / 60.0, j as f64 / 60.0);
            let jump = if (x - 0.5).hypot(y - 0.4) < 0.25 { jump_mm } else { 0.0 };
            (depth_mm * (5.0 * x + wave).sin() * (4.0 * y).cos() + jump) as f32
        });
        let relief = Raster { frame: Frame { mm_per_px: side / 60.0, ..map.frame }, grid };
        let surface =
            if depth_mm < 0.3 { Surface::Flat(0.5) } else { Surface::Relief(relief) };
        let quality = [Quality::Draft, Quality::Fine, Quality::Best][quality as usize];
        let plate = Plate { tone: map, surface, layers };
        let sampling = Sampling {
            seed,
            jitter_z_mm: f64::from(jitter) * spacing.precision_mm,
            ..settings(spacing, quality)
        };
        let volume = SafeVolume {
            z_min_mm: Bound::Constant(-1.5),
            z_max_mm: Bound::Constant(2.5),
            ..room(&plate.tone, 9.0)
        };
        let sampled =
            sampling::sample(std::slice::from_ref(&plate), &volume, &sampling, &Run::default()).unwrap();
        prop_assert!(sampled.cloud.len() > 50, "{} points", sampled.cloud.len());
        let ratio = least_ratio(&sampled.cloud, &spacing);
        let slack = if coarse { 1e-4 } else { 0.0 };
        prop_assert!(ratio >= 1.0 - slack, "least distance {ratio}");
        for [x, y, z] in sampled.cloud.points() {
            prop_assert!((-1.5..=2.5).contains(&z) && volume.contains(f64::from(x), f64::from(y), z));
        }
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let again = single
            .install(|| sampling::sample(&[plate], &volume, &sampling, &Run::default()))
            .unwrap();
        prop_assert_eq!(again.cloud, sampled.cloud);
    }
}

#[test]
fn plates_keep_apart_from_one_another() {
    let photo = Plate {
        tone: tone(4.0, 0.025, |_, _| 0.6),
        surface: Surface::Flat(0.3),
        layers: 4,
    };
    let text = Plate {
        tone: tone(4.0, 0.025, |x, _| if x.abs() < 1.0 { 1.0 } else { 0.0 }),
        surface: Surface::Flat(0.25),
        layers: 2,
    };
    let spacing = spacing(0.08, 0.09, 0.001);
    let both = sample(&[photo, text], &settings(spacing, Quality::Fine));
    assert!(least_ratio(&both.cloud, &spacing) >= 1.0);
    // The text stands inside the photo's layers and finds little room there.
    assert!(both.unplaced_points > 100.0);
}

#[test]
fn white_is_nearly_as_dense_as_a_square_grid() {
    for (precision_mm, least) in [(0.001, 0.97), (0.01, 0.90)] {
        for layers in [1, 2, 4, 8] {
            let plate = Plate {
                tone: tone(8.0, 0.05, |_, _| 1.0),
                surface: Surface::Flat(0.5),
                layers,
            };
            let spacing = spacing(0.08, 0.09, precision_mm);
            let sampled = sample(&[plate], &settings(spacing, Quality::Fine));
            let inner = sampled
                .cloud
                .points()
                .filter(|p| p[0].abs() < 3.5 && p[1].abs() < 3.5);
            let share = inner.count() as f64 / 49.0 * 0.0064 / f64::from(layers);
            assert!(
                share >= least,
                "{layers} layers at {precision_mm}: {share} of a square grid"
            );
        }
    }
}

#[test]
fn greys_get_their_points_with_any_number_of_layers() {
    for layers in [3, 8, 9, 12, 20] {
        for grey in [0.1, 0.5, 0.8] {
            let plate = Plate {
                tone: tone(8.0, 0.05, |_, _| grey),
                surface: Surface::Flat(0.5),
                layers,
            };
            let settings = settings(spacing(0.08, 0.09, 0.001), Quality::Fine);
            let sampled = sample(&[plate], &settings);
            let share = sampled.cloud.len() as f64 / sampled.wanted_points;
            assert!(
                (share - 1.0).abs() < 0.01,
                "{share} of the points at {grey} in {layers} layers"
            );
        }
    }
}

#[test]
fn islands_amid_black_get_all_their_points() {
    // What their last squares lack cannot be carried on into black.
    let map = tone(12.0, 0.025, |x, y| {
        let lit = |mm: f64| (mm + 6.3).rem_euclid(3.7) < 2.9;
        f64::from(u8::from(lit(x) && lit(y + 0.2 * x))) * (0.4 + 0.2 * (3.0 * x).sin())
    });
    for layers in [1, 2, 8] {
        let plate = Plate {
            tone: map.clone(),
            surface: Surface::Flat(0.5),
            layers,
        };
        let settings = settings(spacing(0.08, 0.09, 0.001), Quality::Draft);
        let sampled = sample(&[plate], &settings);
        let lacking = sampled.wanted_points - sampled.cloud.len() as f64;
        assert!(
            lacking.abs() <= 2e-3 * sampled.wanted_points,
            "{lacking} of {} points lack in {layers} layers",
            sampled.wanted_points
        );
    }
}

#[test]
fn a_budget_is_met() {
    for points in [1_000u64, 20_000, 60_000] {
        let map = tone(10.0, 0.025, |x, y| 0.3 + 0.2 * (x + y).sin());
        let plate = Plate {
            tone: map,
            surface: Surface::Flat(0.5),
            layers: 8,
        };
        let sampling = Sampling {
            points: Some(points),
            ..settings(spacing(0.08, 0.09, 0.001), Quality::Draft)
        };
        let count = sample(&[plate], &sampling).cloud.len() as f64;
        assert!(
            (count / points as f64 - 1.0).abs() <= 0.001,
            "{count} points for {points}"
        );
    }
}

#[test]
fn an_edge_stays_within_one_union_spacing() {
    let map = tone(6.0, 0.0125, |x, _| if x > 0.0 { 0.8 } else { 0.0 });
    let plate = Plate {
        tone: map,
        surface: Surface::Flat(0.5),
        layers: 8,
    };
    let sampled = sample(
        &[plate],
        &settings(spacing(0.08, 0.09, 0.001), Quality::Fine),
    );
    let union_mm = sampled.max_density_per_mm2.sqrt().recip();
    let strays = sampled
        .cloud
        .points()
        .filter(|p| f64::from(p[0]) < -union_mm)
        .count();
    assert_eq!(strays, 0, "points in the black");
    // The first strip of a tenth of a millimetre behind the edge has its full share.
    let strip = sampled
        .cloud
        .points()
        .filter(|p| p[0] < 0.1 && p[1].abs() < 2.5)
        .count() as f64;
    let share = strip / (0.1 * 5.0 * 0.8 * sampled.max_density_per_mm2);
    assert!((share - 1.0).abs() < 0.05, "{share} of the edge's points");
}

#[test]
fn the_dark_is_even() {
    // 12 points per mm2: their distances to the nearest neighbour are alike.
    let map = tone(12.0, 0.025, |_, _| 0.01);
    let plate = Plate {
        tone: map,
        surface: Surface::Flat(0.5),
        layers: 8,
    };
    let sampled = sample(
        &[plate],
        &settings(spacing(0.08, 0.09, 0.001), Quality::Best),
    );
    let points: Vec<[f32; 3]> = sampled.cloud.points().collect();
    let nearest = |a: &[f32; 3]| {
        let apart = |b: &[f32; 3]| (a[0] - b[0]).hypot(a[1] - b[1]);
        points
            .iter()
            .filter(|b| *b != a)
            .map(apart)
            .fold(f32::INFINITY, f32::min)
    };
    let inner: Vec<f32> = points
        .iter()
        .filter(|p| p[0].abs() < 5.0 && p[1].abs() < 5.0)
        .map(|p| nearest(p) * sampled.max_density_per_mm2.sqrt() as f32 * 0.1)
        .collect();
    let mean = inner.iter().sum::<f32>() / inner.len() as f32;
    let variance = inner.iter().map(|d| (d - mean).powi(2)).sum::<f32>() / inner.len() as f32;
    // Random points have a mean of 0.5 and a deviation of 0.52 of it; a square grid 1 and 0.
    assert!(
        mean > 0.7 && variance.sqrt() / mean < 0.22,
        "{mean}, {}",
        variance.sqrt() / mean
    );
}

#[test]
fn even_grey_has_no_stripes_on_a_file_s_grid() {
    // Squares in which candidates are counted are not a whole number of units wide: counted as if they
    // were, the number of points swings by 0.5 per cent, in stripes a millimetre or two wide.
    const UNIT_MM: f64 = 0.01;
    const HALF_UNITS: i32 = 700;
    const BLUR_UNITS: i32 = 15;
    for xy_mm in [0.06, 0.08, 0.1] {
        let plate = Plate {
            tone: tone(16.0, 0.025, |_, _| 0.7),
            surface: Surface::Flat(0.5),
            layers: 8,
        };
        let spacing = spacing(xy_mm, 0.1, UNIT_MM);
        let sampled = sample(&[plate], &settings(spacing, Quality::Draft));
        for axis in [0, 1] {
            let mut counts = vec![0.0f64; 2 * HALF_UNITS as usize + 1];
            for point in sampled.cloud.points() {
                let [x, y] = [0, 1].map(|a| (f64::from(point[a]) / UNIT_MM).round() as i32);
                if x.abs() <= HALF_UNITS && y.abs() <= HALF_UNITS {
                    counts[([x, y][axis] + HALF_UNITS) as usize] += 1.0;
                }
            }
            let gauss = |k: i32| (-0.5 * (f64::from(k) / f64::from(BLUR_UNITS)).powi(2)).exp();
            let kernel: Vec<f64> = (-4 * BLUR_UNITS..=4 * BLUR_UNITS).map(gauss).collect();
            let blurred: Vec<f64> = counts
                .windows(kernel.len())
                .map(|window| window.iter().zip(&kernel).map(|(n, w)| n * w).sum())
                .collect();
            let mean = blurred.iter().sum::<f64>() / blurred.len() as f64;
            let variance = blurred.iter().map(|n| (n - mean).powi(2)).sum::<f64>();
            let deviation = (variance / blurred.len() as f64).sqrt() / mean;
            assert!(
                deviation < 0.002,
                "points swing by {deviation} along axis {axis} at {xy_mm} mm"
            );
        }
    }
}

#[test]
fn borders_of_blocks_are_like_the_rest() {
    // The error of the blurred density near block borders against all: blocks are 64 pixels of
    // 1.4 union spacings, counted from the raster's corner, so a comb of the right period would
    // show if borders were worse.
    let map = tone(12.0, 0.025, |x, y| {
        0.35 + 0.1 * (1.3 * x).sin() * (0.9 * y).cos()
    });
    let wanted = map.clone();
    let plate = Plate {
        tone: map,
        surface: Surface::Flat(0.5),
        layers: 8,
    };
    let sampled = sample(
        &[plate],
        &settings(spacing(0.08, 0.09, 0.001), Quality::Draft),
    );
    let density = sampled.max_density_per_mm2;
    let (px, side) = (0.05, 240usize);
    let mut error = vec![0.0f64; side * side];
    for [x, y, _] in sampled.cloud.points() {
        let place = |value: f32| ((f64::from(value) + 6.0) / px) as usize;
        error[place(y).min(side - 1) * side + place(x).min(side - 1)] += 1.0;
    }
    for (index, value) in error.iter_mut().enumerate() {
        let (column, row) = (2 * (index % side), 2 * (side - 1 - index / side));
        let pixels = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(i, j)| f64::from(wanted.grid.at(column + i, row + j)) / 65535.0);
        *value -= pixels.iter().sum::<f64>() / 4.0 * density * px * px;
    }
    let block_mm = 64.0 * 1.4 / density.sqrt();
    let border_mm = 4.0 * 1.4 / density.sqrt();
    let (mut near, mut all) = ((0.0, 0), (0.0, 0));
    for (index, value) in error.iter().enumerate() {
        let mm = |i: usize| (i as f64 + 0.5) * px + border_mm;
        let off = |mm: f64| (mm / block_mm - (mm / block_mm).round()).abs() * block_mm;
        if off(mm(index % side)) < 0.06 || off(mm(index / side)) < 0.06 {
            near = (near.0 + value * value, near.1 + 1);
        }
        all = (all.0 + value * value, all.1 + 1);
    }
    let ratio = (near.0 / f64::from(near.1)) / (all.0 / f64::from(all.1));
    assert!(
        (0.85..1.15).contains(&ratio),
        "squared error at borders over all: {ratio}"
    );
}

/// What an eye resolves, mm.
const EYE_MM: f64 = 0.07;

/// The squared error of a cloud's density, in points per pixel of 0.05 mm, after a blur of about `blur_mm`.
fn blurred_error(map: &ToneMap, sampled: &Sampled, side_mm: f64, blur_mm: f64) -> f64 {
    const PX_MM: f64 = 0.05;
    let side = (side_mm / PX_MM) as usize;
    let mut error = vec![0.0f64; side * side];
    for [x, y, _] in sampled.cloud.points() {
        let [u, v] = [x, y].map(|mm| (f64::from(mm) + side_mm / 2.0) / PX_MM - 0.5);
        let (column, row) = (u.max(0.0) as usize, v.max(0.0) as usize);
        if column + 1 < side && row + 1 < side {
            let (fx, fy) = (u - column as f64, v - row as f64);
            for (k, share) in [
                (1.0 - fx) * (1.0 - fy),
                fx * (1.0 - fy),
                (1.0 - fx) * fy,
                fx * fy,
            ]
            .into_iter()
            .enumerate()
            {
                error[(row + k / 2) * side + column + k % 2] += share;
            }
        }
    }
    for (index, value) in error.iter_mut().enumerate() {
        let (column, row) = (2 * (index % side), 2 * (side - 1 - index / side));
        let wanted: f64 = (0..4)
            .map(|k| f64::from(map.grid.at(column + k % 2, row + k / 2)) / 65535.0)
            .sum();
        *value -= wanted / 4.0 * sampled.max_density_per_mm2 * PX_MM * PX_MM;
    }
    // Binomial 1 4 6 4 1, whose variance is 1 pixel squared.
    let times = (blur_mm / PX_MM).powi(2).round() as usize;
    for step in [1, side].repeat(times) {
        let from = error.clone();
        for index in 2 * step..error.len() - 2 * step {
            let sum = from[index - 2 * step]
                + from[index + 2 * step]
                + 4.0 * (from[index - step] + from[index + step])
                + 6.0 * from[index];
            error[index] = sum / 16.0;
        }
    }
    let inner = 16..side - 16;
    let squares = inner.clone().flat_map(|row| {
        let line = &error[row * side..(row + 1) * side];
        line[inner.clone()].iter().map(|value| value * value)
    });
    squares.sum()
}

#[test]
fn a_picture_amid_black_is_fine_wherever_it_ends() {
    // Rasters reach farther down than points do, by more than the cells that points are sorted into.
    let errors = [0.0, 0.85, 1.0, 1.15, 1.3, 2.0].map(|black_mm| {
        let map = tone(8.0, 0.025, |x, y| {
            let above_mm = y + 4.0 - black_mm;
            let inside = x.abs() < 2.0 && (0.0..4.5).contains(&above_mm);
            f64::from(u8::from(inside)) * (0.3 + 0.1 * (2.3 * x).sin())
        });
        let plate = Plate {
            tone: map.clone(),
            surface: Surface::Flat(0.5),
            layers: 8,
        };
        let settings = settings(spacing(0.08, 0.09, 0.001), Quality::Best);
        blurred_error(&map, &sample(&[plate], &settings), 8.0, 2.0 * EYE_MM)
    });
    let worst = errors.iter().copied().fold(0.0, f64::max);
    assert!(worst < 2.0 * errors[0], "squared errors: {errors:?}");
}

#[test]
fn more_work_gives_a_finer_picture() {
    let map = tone(10.0, 0.025, |x, y| {
        0.3 + 0.2 * (2.3 * x).sin() * (1.9 * y).cos() + 0.1 * (7.0 * x + 5.0 * y).sin()
    });
    for precision_mm in [0.001, 0.01] {
        let sampled = [Quality::Draft, Quality::Fine, Quality::Best].map(|quality| {
            let plate = Plate {
                tone: map.clone(),
                surface: Surface::Flat(0.5),
                layers: 8,
            };
            let settings = settings(spacing(0.08, 0.09, precision_mm), quality);
            sample(&[plate], &settings)
        });
        // Smooth greys are what a fine job does best: a best one gains more where it is looked at as a whole.
        for (blur_mm, of_fine) in [(EYE_MM, 0.95), (2.0 * EYE_MM, 0.85)] {
            let errors = sampled
                .each_ref()
                .map(|sampled| blurred_error(&map, sampled, 10.0, blur_mm));
            assert!(
                errors[1] < 0.5 * errors[0] && errors[2] < of_fine * errors[1],
                "squared errors of draft, fine, best at {precision_mm} mm, blurred by {blur_mm}: \
                 {errors:?}"
            );
        }
    }
}

/// What shops have: one layer of a square grid, dithered by error diffusion (Floyd and Steinberg, 1976).
fn square_grid(map: &ToneMap, side_mm: f64, xy_mm: f64) -> Sampled {
    let side = (side_mm / xy_mm) as usize;
    let mut cloud = Cloud::default();
    let mut carried = vec![0.0; (side + 2) * (side + 1)];
    for row in 0..side {
        for column in 0..side {
            let middle = |at: usize| (at as f64 + 0.5) * xy_mm;
            let px = |at: usize| (middle(at) / map.frame.mm_per_px) as usize;
            let cell = row * (side + 2) + column + 1;
            let wish = f64::from(map.grid.at(px(column), px(row))) / 65535.0 + carried[cell];
            let point = wish >= 0.5;
            if point {
                let x = middle(column) - side_mm / 2.0;
                cloud.push([x as f32, (side_mm / 2.0 - middle(row)) as f32, 0.0]);
            }
            let left = (wish - f64::from(u8::from(point))) / 16.0;
            let below = cell + side + 2;
            for (cell, weight) in [
                (cell + 1, 7.0),
                (below - 1, 3.0),
                (below, 5.0),
                (below + 1, 1.0),
            ] {
                carried[cell] += weight * left;
            }
        }
    }
    Sampled {
        wanted_points: cloud.len() as f64,
        cloud,
        max_density_per_mm2: 1.0 / (xy_mm * xy_mm),
        unplaced_points: 0.0,
    }
}

/// For the eye. A draft may lose where greys are even.
#[test]
fn one_layer_is_finer_than_a_square_grid() {
    let map = tone(10.0, 0.025, |x, y| {
        0.4 + 0.25 * (2.3 * x).sin() * (1.9 * y).cos() + 0.15 * (7.0 * x + 5.0 * y).sin()
    });
    let grid = blurred_error(&map, &square_grid(&map, 10.0, 0.08), 10.0, EYE_MM);
    for precision_mm in [0.001, 0.01] {
        for (quality, most) in [
            (Quality::Draft, 2.0),
            (Quality::Fine, 0.4),
            (Quality::Best, 0.3),
        ] {
            let plate = Plate {
                tone: map.clone(),
                surface: Surface::Flat(0.5),
                layers: 1,
            };
            let settings = settings(spacing(0.08, 0.09, precision_mm), quality);
            let error = blurred_error(&map, &sample(&[plate], &settings), 10.0, EYE_MM);
            assert!(
                error < most * grid,
                "{quality:?} on {precision_mm} mm: {error} for {grid} of the grid"
            );
        }
    }
}

#[test]
fn a_stopped_run_ends() {
    let plate = Plate {
        tone: tone(4.0, 0.025, |_, _| 0.5),
        surface: Surface::Flat(0.5),
        layers: 8,
    };
    let run = Run::default();
    run.stop();
    let volume = room(&plate.tone, 9.0);
    let sampling = settings(spacing(0.08, 0.09, 0.001), Quality::Fine);
    assert!(sampling::sample(&[plate], &volume, &sampling, &run).is_err());
}
