//! The pictures of the relief's knobs in the README: `cargo run --release --example relief_pictures
//! [FILE.png]`, by default `docs/relief.png`.
//!
//! The sample bust and its depth map are shaped in `heart-35` with one knob at a time; the surface is lit
//! from the upper left as if it were plaster, and cut along the middle for its profile from aside.

use std::error::Error;
use std::path::PathBuf;

use glyptic::Run;
use glyptic::blank::{Blank, SafeVolume};
use glyptic::depth::{Depth, Scene, depth};
use glyptic::grid::Raster;
use glyptic::photo::{self, Photo};
use glyptic::placement::{Placement, place};
use glyptic::relief::shape;
use glyptic::settings::{BlankSettings, Cropping, DepthSettings, DepthSource, PlacementSettings};
use glyptic::units::Mm;
use image::GrayImage;

/// Size of one picture, px, and of a millimetre.
const PICTURE_PX: [u32; 2] = [200, 216];
const PX_PER_MM: f64 = 6.4;

/// Where the middle of a picture lies in the crystal, mm.
const MIDDLE_MM: [f64; 2] = [0.0, 0.5];

/// Width of the profile beside each picture, px; room between pictures.
const PROFILE_PX: u32 = 50;
const GAP_PX: u32 = 8;

/// Room for eight layers behind the front one, mm.
const BEHIND_MM: f64 = 0.9;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1);
    let file = file.map_or_else(|| PathBuf::from("docs/relief.png"), PathBuf::from);
    let volume = Blank::find(&BlankSettings {
        name: "heart-35".to_owned(),
        ..BlankSettings::default()
    })?
    .safe_volume()?;
    let photo = photo::decode("samples/bust.png".as_ref(), 10.0)?;
    let plain = DepthSettings {
        source: DepthSource::File("samples/bust_depth.png".into()),
        ..DepthSettings::default()
    };
    let scene = Scene {
        photo: &photo,
        path: None,
        color: None,
        matte: None,
    };
    let map = depth(&scene, &plain, &Run::default())?;
    let (width, height) = (photo.luminance.width(), photo.luminance.height());
    let placement = PlacementSettings {
        crop: Some(Cropping::None),
        ..PlacementSettings::default()
    };
    let placed = place(width, height, &placement, &volume, None)?;

    let relief = |relief_mm: f64| DepthSettings {
        relief_mm: Mm::new(relief_mm),
        ..plain.clone()
    };
    let knob = |curve: f64, detail: f64| DepthSettings {
        relief_curve: Some(curve),
        detail,
        ..relief(4.0)
    };
    let rows = [
        [relief(1.0), relief(2.5), relief(5.0)],
        [knob(0.0, 1.0), knob(0.5, 1.0), knob(1.0, 1.0)],
        [knob(0.0, 0.0), knob(0.0, 1.0), knob(0.0, 3.0)],
    ];
    let cell = [PICTURE_PX[0] + PROFILE_PX + GAP_PX, PICTURE_PX[1] + GAP_PX];
    let mut sheet = GrayImage::new(3 * cell[0] - GAP_PX, 3 * cell[1] - GAP_PX);
    for (row, settings) in rows.iter().enumerate() {
        for (column, settings) in settings.iter().enumerate() {
            let picture = picture(&map, &photo, &placed, &volume, settings)?;
            let (x, y) = (cell[0] * column as u32, cell[1] * row as u32);
            image::imageops::replace(&mut sheet, &picture, i64::from(x), i64::from(y));
        }
    }
    sheet.save(&file)?;
    println!("{}", file.display());
    Ok(())
}

/// The relief as plaster, and its profile.
fn picture(
    map: &Depth,
    photo: &Photo,
    placed: &Placement,
    volume: &SafeVolume,
    settings: &DepthSettings,
) -> Result<GrayImage, Box<dyn Error>> {
    let map = map.map.as_ref().ok_or("the sample has a depth map")?;
    let surface = shape(map, photo, None, placed, volume, BEHIND_MM, settings)?.surface;
    let [width, height] = PICTURE_PX;
    let place = |column: u32, row: u32| {
        let right = (f64::from(column) + 0.5 - 0.5 * f64::from(width)) / PX_PER_MM;
        let down = (f64::from(row) + 0.5 - 0.5 * f64::from(height)) / PX_PER_MM;
        [MIDDLE_MM[0] + right, MIDDLE_MM[1] - down]
    };
    let mut picture = GrayImage::from_fn(width + PROFILE_PX, height, |column, row| {
        let inside = column < width;
        let [x_mm, y_mm] = place(column, row);
        let lit = inside && volume.inset_mm.at_mm(x_mm, y_mm) >= 0.0;
        image::Luma([if lit { light(&surface, x_mm, y_mm) } else { 20 }])
    });
    // From aside: the front to the right.
    let back_mm = f64::from(volume.z_min_mm.at_mm(0.0, 0.0)) + BEHIND_MM;
    for row in 0..height {
        let [x_mm, y_mm] = place(width / 2, row);
        if volume.inset_mm.at_mm(x_mm, y_mm) >= 0.0 {
            let z_mm = f64::from(surface.at_mm(x_mm, y_mm)) - back_mm;
            let solid = (z_mm * PX_PER_MM).clamp(1.0, f64::from(PROFILE_PX - 4));
            for column in 0..solid as u32 {
                picture.put_pixel(width + 4 + column, row, image::Luma([150]));
            }
        }
    }
    Ok(picture)
}

/// Lambert's light from the upper left, and a little from everywhere.
fn light(surface: &Raster, x_mm: f64, y_mm: f64) -> u8 {
    let step = 0.5 / PX_PER_MM;
    let slope = |dx: f64, dy: f64| {
        let rise = surface.at_mm(x_mm + dx, y_mm + dy) - surface.at_mm(x_mm - dx, y_mm - dy);
        f64::from(rise) / (2.0 * step)
    };
    let (across, along) = (slope(step, 0.0), slope(0.0, step));
    let length = (1.0 + across * across + along * along).sqrt();
    let toward = (0.45 * across - 0.55 * along + 0.7) / length;
    (255.0 * (0.12 + 0.85 * toward.max(0.0))).min(255.0) as u8
}
