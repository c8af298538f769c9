//! Flat grey shows no lattice, from the front and from aside.
//!
//! `cargo test --release --test lattice -- --nocapture` prints, for each grey, quality and angle,
//! the largest value of the power spectrum over the mean of its ring. Averaging noise alone gives
//! about 2; a square grid gives hundreds.

use glyptic::blank::{Bound, SafeVolume};
use glyptic::grid::{Frame, Grid, Raster};
use glyptic::plate::{Plate, Surface};
use glyptic::sampling::{self, Quality, Sampling, Spacing};
use glyptic::tone::ToneMap;
use glyptic::{Cloud, Run};
use rayon::prelude::*;

/// About the side of a patch in spacings. Frequencies are whole multiples of its inverse, where the spectrum
/// of the patch's own square is zero.
const PATCH_SPACINGS: f64 = 18.75;

/// Patches are whole units of the file wide: with 93 columns of places in one and 94 in the next, the square
/// itself would show along the axes.
fn patch_mm(xy_mm: f64, precision_mm: f64) -> f64 {
    (PATCH_SPACINGS * xy_mm / precision_mm).round() * precision_mm
}

/// Patches a side: 49 in all.
const PATCHES: usize = 7;

/// Largest frequency looked at, periods in a patch: beyond the ring of a single layer's spacing and up
/// to the union's.
const LARGEST: usize = 42;

/// Even grey of so much of full white, in eight layers; lengths in mm.
fn grey(fraction: f64, quality: Quality, xy_mm: f64, precision_mm: f64) -> Cloud {
    let side = (PATCHES as f64 + 1.6) * PATCH_SPACINGS * xy_mm;
    let mm_per_px = 0.6 * xy_mm;
    let px = (side / mm_per_px) as usize;
    let frame = Frame {
        x_min_mm: -side / 2.0,
        y_max_mm: side / 2.0,
        mm_per_px,
    };
    let tone = ToneMap {
        frame,
        grid: Grid::filled(px, px, (fraction * 65535.0) as u16),
    };
    let plate = Plate {
        tone,
        surface: Surface::Flat(0.3),
        layers: 8,
    };
    let volume = SafeVolume {
        inset_mm: Raster {
            frame,
            grid: Grid::filled(2, 2, 1.0),
        },
        z_min_mm: Bound::Constant(-2.0),
        z_max_mm: Bound::Constant(2.0),
    };
    let spacing = Spacing {
        xy_mm,
        z_mm: 1.125 * xy_mm,
        precision_mm,
        single_precision_to_mm: Some(100.0),
    };
    let sampling = Sampling {
        spacing,
        quality,
        seed: 3,
        points: None,
        jitter_z_mm: 0.02,
    };
    sampling::sample(&[plate], &volume, &sampling, &Run::default())
        .unwrap()
        .cloud
}

/// Largest value of the mean spectrum over the mean of its ring, and the frequency where it stands, per mm.
fn peak(points: &[[f64; 2]], patch_mm: f64) -> (f64, f64) {
    let count = LARGEST;
    let width = 2 * count + 1;
    let half = PATCHES as f64 * patch_mm / 2.0;
    let mut patches = vec![Vec::new(); PATCHES * PATCHES];
    for &[x, y] in points {
        let place = |value: f64| ((value + half) / patch_mm).floor();
        let (i, j) = (place(x), place(y));
        if i >= 0.0 && j >= 0.0 && i < PATCHES as f64 && j < PATCHES as f64 {
            patches[j as usize * PATCHES + i as usize].push([x, y]);
        }
    }
    let spectra: Vec<Vec<f64>> = patches
        .par_iter()
        .map(|patch| {
            let mut re = vec![0.0; width * (count + 1)];
            let mut im = re.clone();
            let turn = std::f64::consts::TAU / patch_mm;
            for &[x, y] in patch {
                let (sin_x, cos_x) = (turn * x).sin_cos();
                for k in 0..=count {
                    let (mut s, mut c) = (turn * (k as f64 * y - count as f64 * x)).sin_cos();
                    let row = k * width..(k + 1) * width;
                    for (re, im) in re[row.clone()].iter_mut().zip(&mut im[row]) {
                        *re += c;
                        *im += s;
                        (s, c) = (s * cos_x + c * sin_x, c * cos_x - s * sin_x);
                    }
                }
            }
            let norm = 1.0 / patch.len() as f64;
            re.iter()
                .zip(&im)
                .map(|(re, im)| (re * re + im * im) * norm)
                .collect()
        })
        .collect();
    let mean = |index: usize| spectra.iter().map(|s| s[index]).sum::<f64>() / spectra.len() as f64;
    let mut rings = vec![(0.0, 0.0, 0.0f64); count + 1];
    for k in 0..=count {
        for i in 0..width {
            let across = i as f64 - count as f64;
            let radius = across.hypot(k as f64).round() as usize;
            // The lowest rings hold too few values for a mean.
            if (4..=count).contains(&radius) && (k > 0 || across > 0.0) {
                let power = mean(k * width + i);
                let ring = &mut rings[radius];
                *ring = (ring.0 + power, ring.1 + 1.0, ring.2.max(power));
            }
        }
    }
    let ratios = rings
        .iter()
        .enumerate()
        .skip(4)
        .map(|(radius, &(sum, number, largest))| {
            (largest / (sum / number), radius as f64 / patch_mm)
        });
    ratios.fold(
        (0.0, 0.0),
        |best, next| if next.0 > best.0 { next } else { best },
    )
}

fn from_aside(cloud: &Cloud, degrees: f64) -> Vec<[f64; 2]> {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turned = |[x, y, z]: [f32; 3]| [f64::from(x) * cos + f64::from(z) * sin, f64::from(y)];
    cloud.points().map(turned).collect()
}

/// Prints and checks the peak from the front and from aside.
fn no_lattice(fraction: f64, quality: Quality, xy_mm: f64, precision_mm: f64) {
    let cloud = grey(fraction, quality, xy_mm, precision_mm);
    for degrees in [0.0, 15.0, 30.0] {
        let (ratio, at) = peak(&from_aside(&cloud, degrees), patch_mm(xy_mm, precision_mm));
        println!(
            "{quality:?}, grey {fraction}, {xy_mm} mm on {precision_mm} mm, {degrees} degrees: \
             largest over mean {ratio:.2} at {at:.1} per mm"
        );
        assert!(
            ratio < 3.0,
            "a lattice shows: {ratio:.2} times its ring's mean"
        );
    }
}

#[test]
fn flat_grey_has_no_lattice_from_any_side() {
    for quality in [Quality::Fine, Quality::Best] {
        for fraction in [0.2, 0.5, 0.8] {
            no_lattice(fraction, quality, 0.08, 0.001);
            no_lattice(fraction, quality, 0.08, 0.01);
        }
    }
}

/// Nor on the coarser grid of files with two decimals, where a dark grey wants about one point in each of
/// the squares that dither counts in.
#[test]
fn dark_grey_does_not_take_on_the_squares_of_dither() {
    for xy_mm in [0.05, 0.08, 0.1] {
        for fraction in [0.033, 0.1] {
            no_lattice(fraction, Quality::Best, xy_mm, 0.01);
        }
    }
}

#[test]
fn a_square_grid_is_found() {
    let spaced = |i: usize| (i as f64 - 70.0) * 0.08;
    let points: Vec<[f64; 2]> = (0..140 * 140)
        .map(|i| [spaced(i % 140), spaced(i / 140)])
        .collect();
    assert!(peak(&points, patch_mm(0.08, 0.001)).0 > 30.0);
}
