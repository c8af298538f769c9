//! The grey ramp and the test chart.

use image::{GrayImage, ImageBuffer, Luma};

/// Smooth ramp above 16 steps; display values, left black, right white.
pub(crate) fn ramp() -> GrayImage {
    GrayImage::from_fn(1024, 256, |x, y| {
        let value = if y < 160 {
            x * 255 / 1023
        } else {
            (x / 64) * 17
        };
        Luma([value as u8])
    })
}

/// Samples along a side of each pixel.
const SAMPLES: u32 = 4;
const SIDE: u32 = 1000;

/// Five fields that need no words: step wedge (top), star, zone plate, slanted edges, line pairs
/// and dots. Values are averages of linear light, written as sRGB.
pub(crate) fn chart() -> GrayImage {
    ImageBuffer::from_fn(SIDE, SIDE, |x, y| {
        let mut light = 0.0;
        for sample in 0..SAMPLES * SAMPLES {
            let inside = |i: u32| (i as f32 + 0.5) / SAMPLES as f32;
            let (dx, dy) = (inside(sample % SAMPLES), inside(sample / SAMPLES));
            light += field(x as f32 + dx, y as f32 + dy);
        }
        Luma([to_srgb(light / (SAMPLES * SAMPLES) as f32)])
    })
}

fn to_srgb(light: f32) -> u8 {
    let value = if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (value * 255.0).round() as u8
}

/// Linear light of the chart at a place, pixels from the upper left corner.
fn field(x: f32, y: f32) -> f32 {
    match (x, y) {
        // Steps of equal light, 0 to 1 by tenths, each with a small square of mid-light in it.
        _ if y < 160.0 => wedge(x, y),
        _ if y < 580.0 && x < 500.0 => star(x - 250.0, y - 370.0),
        _ if y < 580.0 => zones(x - 750.0, y - 370.0),
        _ if y < 790.0 && x < 500.0 => edges(x, y - 580.0),
        _ if y < 790.0 => dots(x - 500.0, y - 580.0),
        _ => lines(x, y - 790.0),
    }
}

fn wedge(x: f32, y: f32) -> f32 {
    let step = (x * 11.0 / SIDE as f32).floor().min(10.0);
    let within = x * 11.0 / SIDE as f32 - step;
    if (within - 0.5).abs() < 0.12 && (y - 80.0).abs() < 12.0 {
        0.5
    } else {
        step / 10.0
    }
}

/// 36 rays.
fn star(x: f32, y: f32) -> f32 {
    let r = x.hypot(y);
    if r > 200.0 {
        return 0.0;
    }
    0.5 + 0.5 * (36.0 * y.atan2(x)).sin().signum()
}

/// Rings whose lines grow finer outward, down to 4 pixels a period at the rim.
fn zones(x: f32, y: f32) -> f32 {
    let r = x.hypot(y);
    if r > 200.0 {
        return 0.0;
    }
    let periods = r * r / (2.0 * 200.0 * 4.0);
    0.5 + 0.5 * (std::f32::consts::TAU * periods).cos()
}

/// Two squares turned by 5 and 12 degrees, of full and of low contrast.
fn edges(x: f32, y: f32) -> f32 {
    let square = |cx: f32, degrees: f32| {
        let (s, c) = degrees.to_radians().sin_cos();
        let (dx, dy) = (x - cx, y - 105.0);
        (c * dx + s * dy).abs().max((c * dy - s * dx).abs()) < 70.0
    };
    match (square(130.0, 5.0), square(370.0, 12.0)) {
        (true, _) => 1.0,
        (_, true) => 0.3,
        _ if x > 250.0 => 0.2,
        _ => 0.0,
    }
}

/// Discs of 1 to 16 pixels radius, bright on black and dark on grey.
fn dots(x: f32, y: f32) -> f32 {
    let (row, y) = ((y / 105.0).floor(), y.rem_euclid(105.0) - 52.5);
    let column = (x / 62.5).floor();
    let radius = [1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 16.0][column.clamp(0.0, 7.0) as usize];
    let inside = (x - 62.5 * (column + 0.5)).hypot(y) < radius;
    match (row < 1.0, inside) {
        (true, inside) => f32::from(u8::from(inside)),
        (false, true) => 0.0,
        (false, false) => 0.4,
    }
}

/// Bars of 1, 2, 3, 4, 6, 8, 12 and 16 pixels, upright above and lying below.
fn lines(x: f32, y: f32) -> f32 {
    let column = (x / 125.0).floor().clamp(0.0, 7.0);
    let bar = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0][column as usize];
    let x = x - 125.0 * column;
    if !(12.0..113.0).contains(&x) || !(10.0..200.0).contains(&y) || (y - 105.0).abs() < 5.0 {
        return 0.0;
    }
    let along = if y < 105.0 { x - 12.0 } else { y - 110.0 };
    f32::from(u8::from((along / bar).floor() % 2.0 == 0.0))
}
