//! The pictures of reliefs in the README: `cargo run --release --example relief_pictures [FOLDER]`,
//! by default `docs`.
//!
//! `relief.png`: the sample bust and its depth map are shaped in `heart-35` with one knob at a time; the
//! surface is lit from the upper left as if it were plaster, and cut along the middle for its profile
//! from aside. `estimate.png`: the depth map, and what `--depth auto` estimates instead without a
//! network, with and without the eyes.

use std::error::Error;
use std::path::{Path, PathBuf};

use glyptic::Run;
use glyptic::blank::{Blank, SafeVolume};
use glyptic::depth::{Scene, depth};
use glyptic::grid::{Grid, Raster};
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

/// Where the eyes are in the sample bust, px.
const EYES_PX: [f64; 4] = [500.0, 470.0, 686.0, 479.0];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1);
    let folder = folder.map_or_else(|| PathBuf::from("docs"), PathBuf::from);
    let bust = Bust::new()?;
    let exact = DepthSettings {
        source: DepthSource::File("samples/bust_depth.png".into()),
        ..DepthSettings::default()
    };
    let relief = |relief_mm: f64| DepthSettings {
        relief_mm: Mm::new(relief_mm),
        ..exact.clone()
    };
    let knob = |curve: f64, detail: f64| DepthSettings {
        relief_curve: Some(curve),
        detail,
        ..relief(4.0)
    };
    let estimate = |eyes_px| DepthSettings {
        source: DepthSource::Auto,
        eyes_px,
        ..relief(4.0)
    };
    let knobs = [
        [relief(1.0), relief(2.5), relief(5.0)],
        [knob(0.0, 1.0), knob(0.5, 1.0), knob(1.0, 1.0)],
        [knob(0.0, 0.0), knob(0.0, 1.0), knob(0.0, 3.0)],
    ];
    sheet(&bust, &knobs, &folder.join("relief.png"))?;
    let sources = [[knob(0.5, 1.0), estimate(Some(EYES_PX)), estimate(None)]];
    sheet(&bust, &sources, &folder.join("estimate.png"))
}

/// The sample bust, placed in a heart.
struct Bust {
    photo: Photo,
    /// Where its depth map is not background.
    matte: Grid<f32>,
    placed: Placement,
    volume: SafeVolume,
}

impl Bust {
    fn new() -> Result<Self, Box<dyn Error>> {
        let volume = Blank::find(&BlankSettings {
            name: "heart-35".to_owned(),
            ..BlankSettings::default()
        })?
        .safe_volume()?;
        let photo = photo::decode("samples/bust.png".as_ref(), 10.0)?;
        let depth = photo::decode("samples/bust_depth.png".as_ref(), 10.0)?;
        let matte = depth
            .luminance
            .map(|value| f32::from(u8::from(value > 0.0)));
        let (width, height) = (photo.luminance.width(), photo.luminance.height());
        let placement = PlacementSettings {
            crop: Some(Cropping::None),
            // The head under the cleft.
            zoom: 0.76,
            offset_y_mm: Mm::constant(-2.0),
            ..PlacementSettings::default()
        };
        let placed = place(width, height, &placement, &volume, None)?;
        Ok(Self {
            photo,
            matte,
            placed,
            volume,
        })
    }
}

/// Writes pictures in rows.
fn sheet(bust: &Bust, rows: &[[DepthSettings; 3]], file: &Path) -> Result<(), Box<dyn Error>> {
    let cell = [PICTURE_PX[0] + PROFILE_PX + GAP_PX, PICTURE_PX[1] + GAP_PX];
    let height = rows.len() as u32 * cell[1] - GAP_PX;
    let mut sheet = GrayImage::new(3 * cell[0] - GAP_PX, height);
    for (row, settings) in rows.iter().enumerate() {
        for (column, settings) in settings.iter().enumerate() {
            let picture = picture(bust, settings)?;
            let (x, y) = (cell[0] * column as u32, cell[1] * row as u32);
            image::imageops::replace(&mut sheet, &picture, i64::from(x), i64::from(y));
        }
    }
    sheet.save(file)?;
    println!("{}", file.display());
    Ok(())
}

/// The relief as plaster, and its profile.
fn picture(bust: &Bust, settings: &DepthSettings) -> Result<GrayImage, Box<dyn Error>> {
    let Bust {
        photo,
        matte,
        placed,
        volume,
    } = bust;
    let estimated = settings.source == DepthSource::Auto;
    let scene = Scene {
        photo,
        path: None,
        color: None,
        matte: estimated.then_some(matte),
    };
    let map = depth(&scene, settings, &Run::default())?.map;
    let map = map.ok_or("both sources give a map")?;
    let surface = shape(
        &map,
        photo,
        None,
        placed,
        volume,
        [0.0, BEHIND_MM],
        settings,
    )?
    .surface;
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
