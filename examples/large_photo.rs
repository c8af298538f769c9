//! Makes a photo of any size from the sample bust, for `benches/against_gzip.sh`.
//!
//! `cargo run --release --example large_photo -- 3000 photo.jpg` writes 3000 x 3000 pixels: the
//! bust's middle square, enlarged, with the grain that a sensor would add, from a fixed seed. With a third
//! argument N, N x N such pictures side by side, which share those pixels.

use std::error::Error;
use std::num::NonZeroU32;
use std::path::Path;

use glyptic::random;
use image::GrayImage;
use image::imageops::{FilterType, crop_imm, resize};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (side_px, path, copies) = match arguments.as_slice() {
        [side_px, path] => (side_px, path, NonZeroU32::MIN),
        [side_px, path, copies] => (side_px, path, copies.parse::<NonZeroU32>()?),
        _ => {
            return Err(
                "give the side in pixels, the file to write, and how many copies a side".into(),
            );
        }
    };
    let side_px: u32 = side_px.parse()?;
    let copy_px = side_px / copies;
    let side_px = copy_px * copies.get();
    let bust = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/bust.png");
    let bust = image::open(bust)?.to_luma8();
    let side = bust.width().min(bust.height());
    let (left, top) = ((bust.width() - side) / 2, (bust.height() - side) / 2);
    let square = crop_imm(&bust, left, top, side, side).to_image();
    let copy = resize(&square, copy_px, copy_px, FilterType::CatmullRom);
    let mut photo = GrayImage::from_fn(side_px, side_px, |x, y| {
        *copy.get_pixel(x % copy_px, y % copy_px)
    });
    for (index, pixel) in photo.pixels_mut().enumerate() {
        let grain = 12.0 * (random::unit(1, index as u64) - 0.5);
        pixel.0[0] = (f32::from(pixel.0[0]) + grain).clamp(0.0, 255.0) as u8;
    }
    photo.save(path)?;
    Ok(())
}
