//! Photos of every kind, written by the tests, come out as the light that they show.

mod common;

use std::io::Cursor;

use common::{decode, encode, refusal, stored};
use glyptic::photo;
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, LumaA, Rgb, Rgba};
use moxcms::ColorProfile;

const CMYK: &[u8] = include_bytes!("photos/cmyk.jpg");
const YCCK: &[u8] = include_bytes!("photos/ycck.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("photos/progressive.jpg");
const GREY_ADOBE: &[u8] = include_bytes!("photos/grey_adobe.jpg");

fn linear(display: f64) -> f32 {
    if display <= 0.04045 {
        (display / 12.92) as f32
    } else {
        ((display + 0.055) / 1.055).powf(2.4) as f32
    }
}

fn grey(byte: u8) -> f32 {
    linear(f64::from(byte) / 255.0)
}

fn assert_near(found: f32, expected: f32, tolerance: f32) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{found} is not {expected} +- {tolerance}"
    );
}

#[test]
fn comparisons_can_fail() {
    assert!(std::panic::catch_unwind(|| assert_near(0.5, 0.6, 0.05)).is_err());
}

#[test]
fn grey_of_8_and_16_bits_is_exact_in_every_format() {
    let ramp = ImageBuffer::from_fn(16, 16, |x, y| Luma([(16 * y + x) as u8]));
    let image = DynamicImage::ImageLuma8(ramp);
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ] {
        let image = match format {
            ImageFormat::WebP | ImageFormat::Gif => DynamicImage::ImageRgb8(image.to_rgb8()),
            _ => image.clone(),
        };
        let photo = decode(&encode(&image, format)).unwrap();
        // The encoder of GIF looks for 256 colours of its own.
        let tolerance = if format == ImageFormat::Gif {
            0.02
        } else {
            1e-6
        };
        for byte in 0..=255 {
            let at = photo
                .luminance
                .at(usize::from(byte) % 16, usize::from(byte) / 16);
            assert_near(at, grey(byte), tolerance);
        }
        assert!(photo.alpha.is_none(), "{format:?}");
        assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
    }
    let ramp = ImageBuffer::from_fn(256, 256, |x, y| Luma([(256 * y + x) as u16]));
    let image = DynamicImage::ImageLuma16(ramp);
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let photo = decode(&encode(&image, format)).unwrap();
        for (value, &y) in photo.luminance.values().iter().enumerate() {
            assert_near(y, linear(value as f64 / 65_535.0), 1e-6);
        }
    }
}

#[test]
fn colours_weigh_as_the_eye_does() {
    let image = ImageBuffer::from_fn(4, 1, |x, _| {
        [
            Rgb([255u8, 0, 0]),
            Rgb([0, 255, 0]),
            Rgb([0, 0, 255]),
            Rgb([255, 255, 255]),
        ][x as usize]
    });
    let photo = decode(&encode(&DynamicImage::ImageRgb8(image), ImageFormat::Png)).unwrap();
    for (&y, expected) in photo
        .luminance
        .values()
        .iter()
        .zip([0.2126, 0.7152, 0.0722, 1.0])
    {
        assert_near(y, expected, 1e-6);
    }
}

#[test]
fn palettes_of_png_and_gif_are_looked_up() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(&[0, 0, 0, 255, 255, 255, 255, 0, 0][..]);
    encoder.set_trns(&[255, 255, 0][..]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0b0001_1000]).unwrap();
    writer.finish().unwrap();
    let photo = decode(&bytes).unwrap();
    assert_eq!(photo.luminance.values(), [0.0, 1.0, 0.0]);
    assert_eq!(photo.alpha.unwrap().values(), [1.0, 1.0, 0.0]);
}

#[test]
fn jpeg_baseline_progressive_and_grey_decode() {
    let image = ImageBuffer::from_fn(64, 64, |_, y| Luma([(4 * y) as u8]));
    let baseline = encode(&DynamicImage::ImageLuma8(image), ImageFormat::Jpeg);
    for bytes in [&baseline[..], GREY_ADOBE] {
        let photo = decode(bytes).unwrap();
        assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
        for row in 0..64 {
            assert_near(photo.luminance.at(30, row), grey(4 * row as u8), 0.03);
        }
    }
    let photo = decode(PROGRESSIVE).unwrap();
    for row in 0..64 {
        let ramp = grey(4 * row as u8);
        assert_near(photo.luminance.at(10, row), ramp, 0.03);
        let right = 0.2848 * ramp + 0.7152 * grey(200);
        assert_near(photo.luminance.at(50, row), right, 0.03);
    }
}

#[test]
fn inks_as_adobe_writes_them_are_not_negative() {
    for bytes in [CMYK, YCCK] {
        let photo = decode(bytes).unwrap();
        let at = |x, y| photo.luminance.at(x, y);
        assert_near(at(4, 4), 1.0, 0.01);
        assert_near(at(12, 4), grey(127), 0.01);
        // Ideal cyan: all but red.
        assert_near(at(4, 12), 0.7874, 0.01);
        assert_near(at(12, 12), 0.0, 0.01);
        assert!(photo.warnings[0].contains("ideal"), "{:?}", photo.warnings);
    }
}

/// Inserts a profile into a JPEG as one APP2 segment.
fn with_profile(jpeg: &[u8], icc: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe2]);
    bytes.extend(((icc.len() + 16) as u16).to_be_bytes());
    bytes.extend(b"ICC_PROFILE\0\x01\x01");
    bytes.extend(icc);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// A printer's profile by which lightness is (1 - black) * (1 - (cyan + magenta + yellow) / 4).
fn ink_profile() -> Vec<u8> {
    let mut lut = b"mft1\0\0\0\0\x04\x03\x02\0".to_vec();
    for entry in 0..9 {
        lut.extend((if entry % 4 == 0 { 0x10000i32 } else { 0 }).to_be_bytes());
    }
    (0..4).for_each(|_| lut.extend(0..=255));
    for node in 0..16u32 {
        let inks = [node >> 3 & 1, node >> 2 & 1, node >> 1 & 1, node & 1];
        let lightness = 255 * (1 - inks[3]) * (4 - inks[0] - inks[1] - inks[2]) / 4;
        lut.extend([lightness as u8, 128, 128]);
    }
    (0..3).for_each(|_| lut.extend(0..=255));
    let mut icc = vec![0; 128];
    icc[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    icc[12..24].copy_from_slice(b"prtrCMYKLab ");
    icc[36..40].copy_from_slice(b"acsp");
    icc[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    icc.extend(1u32.to_be_bytes());
    icc.extend(b"A2B0");
    icc.extend(144u32.to_be_bytes());
    icc.extend((lut.len() as u32).to_be_bytes());
    icc.extend(lut);
    let size = (icc.len() as u32).to_be_bytes();
    icc[..4].copy_from_slice(&size);
    icc
}

#[test]
fn the_profile_of_a_press_is_honoured() {
    let photo = decode(&with_profile(CMYK, &ink_profile())).unwrap();
    assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
    let lightness = |l: f32| ((l + 16.0) / 116.0).powi(3);
    assert_near(photo.luminance.at(4, 4), 1.0, 0.01);
    assert_near(photo.luminance.at(12, 4), lightness(50.0), 0.01);
    assert_near(photo.luminance.at(4, 12), lightness(75.0), 0.01);
    assert_near(photo.luminance.at(12, 12), 0.0, 0.01);
}

fn png_with_profile(image: &DynamicImage, icc: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(icc).unwrap();
    image.write_with_encoder(encoder).unwrap();
    bytes
}

#[test]
fn profiles_of_rgb_and_grey_lead_to_the_same_light() {
    let pixels = [
        Rgb([255u8, 0, 0]),
        Rgb([0, 255, 0]),
        Rgb([128, 128, 128]),
        Rgb([9, 9, 200]),
    ];
    let colors = ImageBuffer::from_fn(4, 1, |x, _| pixels[x as usize]);
    let colors = DynamicImage::ImageRgb8(colors);
    let plain = decode(&encode(&colors, ImageFormat::Png)).unwrap();
    let luminance = |profile: ColorProfile| {
        let photo = decode(&png_with_profile(&colors, profile.encode().unwrap())).unwrap();
        assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
        photo.luminance.into_values()
    };
    // An sRGB profile changes nothing.
    for (with, without) in luminance(ColorProfile::new_srgb())
        .iter()
        .zip(plain.luminance.values())
    {
        assert_near(*with, *without, 0.002);
    }
    // Adobe RGB (1998), 4.3.6.1: red 0.29734, green 0.62736; gamma 2.19921875.
    let adobe = luminance(ColorProfile::new_adobe_rgb());
    assert_near(adobe[0], 0.29734, 0.002);
    assert_near(adobe[1], 0.62736, 0.002);
    assert_near(adobe[2], (128.0f32 / 255.0).powf(2.199_218_8), 0.002);
    // Display P3, SMPTE EG 432-1 primaries at D65: red 0.22897, green 0.69174.
    let p3 = luminance(ColorProfile::new_display_p3());
    assert_near(p3[0], 0.22897, 0.002);
    assert_near(p3[1], 0.69174, 0.002);
    assert_near(p3[2], grey(128), 0.002);

    let mid = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(2, 2, Luma([128])));
    let gamma = ColorProfile::new_gray_with_gamma(1.8).encode().unwrap();
    let photo = decode(&png_with_profile(&mid, gamma)).unwrap();
    assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
    assert_near(
        photo.luminance.at(0, 0),
        (128.0f32 / 255.0).powf(1.8),
        0.002,
    );
    // Grey with an RGB profile, as some scanners write it.
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let photo = decode(&png_with_profile(&mid, adobe)).unwrap();
    assert_near(
        photo.luminance.at(0, 0),
        (128.0f32 / 255.0).powf(2.199_218_8),
        0.002,
    );
}

#[test]
fn a_broken_profile_is_warned_of_and_srgb_taken() {
    let mid = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(2, 2, Luma([128])));
    let mut cut = ColorProfile::new_adobe_rgb().encode().unwrap();
    cut.truncate(200);
    for icc in [b"not a profile".to_vec(), cut, ink_profile()] {
        let photo = decode(&png_with_profile(&mid, icc)).unwrap();
        assert_near(photo.luminance.at(0, 0), grey(128), 1e-6);
        assert_eq!(photo.warnings.len(), 1);
        assert!(
            photo.warnings[0].contains("profile"),
            "{:?}",
            photo.warnings
        );
    }
}

/// EXIF data with nothing but an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn orientations_are_applied_in_four_formats() {
    // The stored pictures of which the upright one is bright, mid, dark in its first row; 8 x 8
    // squares, so that JPEG keeps them.
    let upright = [[250u8, 120, 10], [30, 60, 90]];
    for orientation in 1..=8u8 {
        let turned = orientation > 4;
        let (columns, rows) = if turned { (2, 3) } else { (3, 2) };
        let stored = ImageBuffer::from_fn(columns * 8, rows * 8, |x, y| {
            let (x, y) = (x as usize / 8, y as usize / 8);
            // EXIF 2.3, 4.6.4 A: which side the stored row 0 and column 0 show.
            let (column, row) = match orientation {
                1 => (x, y),
                2 => (2 - x, y),
                3 => (2 - x, 1 - y),
                4 => (x, 1 - y),
                5 => (y, x),
                6 => (2 - y, x),
                7 => (2 - y, 1 - x),
                _ => (y, 1 - x),
            };
            Luma([upright[row][column]])
        });
        let image = DynamicImage::ImageLuma8(stored);
        let rgb = DynamicImage::ImageRgb8(image.to_rgb8());
        let mut files = Vec::new();
        for bytes in [&mut Vec::new(), &mut Vec::new(), &mut Vec::new()] {
            match files.len() {
                0 => {
                    let mut encoder = image::codecs::png::PngEncoder::new(&mut *bytes);
                    encoder.set_exif_metadata(exif(orientation)).unwrap();
                    image.write_with_encoder(encoder).unwrap();
                }
                1 => {
                    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut *bytes);
                    encoder.set_exif_metadata(exif(orientation)).unwrap();
                    image.write_with_encoder(encoder).unwrap();
                }
                _ => {
                    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut *bytes);
                    encoder.set_exif_metadata(exif(orientation)).unwrap();
                    rgb.write_with_encoder(encoder).unwrap();
                }
            }
            files.push(std::mem::take(bytes));
        }
        let mut tiff = Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut tiff).unwrap();
        let mut picture = encoder
            .new_image::<tiff::encoder::colortype::Gray8>(image.width(), image.height())
            .unwrap();
        picture
            .encoder()
            .write_tag(tiff::tags::Tag::Orientation, u16::from(orientation))
            .unwrap();
        picture.write_data(image.as_bytes()).unwrap();
        files.push(tiff.into_inner());

        for bytes in files {
            let photo = decode(&bytes).unwrap();
            assert_eq!(
                (photo.luminance.width(), photo.luminance.height()),
                (24, 16)
            );
            for (row, values) in upright.iter().enumerate() {
                for (column, &value) in values.iter().enumerate() {
                    let at = photo.luminance.at(column * 8 + 4, row * 8 + 4);
                    assert_near(at, grey(value), 0.02);
                }
            }
        }
    }
}

fn tiff_of<C>(width: u32, height: u32, values: &[C::Inner], extra: Option<u16>) -> Vec<u8>
where
    C: tiff::encoder::colortype::ColorType,
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
    let mut picture = encoder.new_image::<C>(width, height).unwrap();
    if let Some(extra) = extra {
        let tag = tiff::tags::Tag::ExtraSamples;
        picture.encoder().write_tag(tag, &[extra][..]).unwrap();
    }
    picture.write_data(values).unwrap();
    bytes.into_inner()
}

#[test]
fn float_tiffs_are_display_values_and_holes_stay_empty() {
    use tiff::encoder::colortype::{Gray32Float, Gray64Float, RGB32Float};
    let values = [0.0, 0.25, 0.5, 1.0];
    let photo = decode(&tiff_of::<Gray32Float>(4, 1, &values, None)).unwrap();
    for (&y, value) in photo.luminance.values().iter().zip(values) {
        assert_near(y, linear(f64::from(value)), 1e-5);
    }
    let photo = decode(&tiff_of::<Gray64Float>(2, 1, &[0.5, 1.0], None)).unwrap();
    assert_near(photo.luminance.at(0, 0), linear(0.5), 1e-5);
    let photo = decode(&tiff_of::<RGB32Float>(1, 1, &[0.0, 1.0, 0.0], None)).unwrap();
    assert_near(photo.luminance.at(0, 0), 0.7152, 1e-5);

    let holes = [0.5, f32::NAN, f32::INFINITY, 1.0];
    let photo = decode(&tiff_of::<Gray32Float>(4, 1, &holes, None)).unwrap();
    assert!(photo.luminance.values().iter().all(|y| y.is_finite()));
    assert_eq!(photo.alpha.unwrap().values(), [1.0, 0.0, 0.0, 1.0]);
    assert!(photo.warnings[0].contains("2 of 4"), "{:?}", photo.warnings);
    let message = refusal(&tiff_of::<Gray32Float>(1, 1, &[f32::NAN], None));
    assert!(message.contains("NaN"), "{message}");

    let bytes = [0.0, 0.0, 255.0, 128.0];
    let photo = decode(&tiff_of::<Gray32Float>(4, 1, &bytes, None)).unwrap();
    assert_near(photo.luminance.at(3, 0), grey(128), 1e-5);
    assert!(photo.warnings[0].contains("255"), "{:?}", photo.warnings);
}

#[test]
fn premultiplied_colours_are_set_free() {
    use tiff::encoder::colortype::RGBA8;
    let values = [100, 100, 100, 128, 10, 20, 30, 0];
    let straight = decode(&tiff_of::<RGBA8>(2, 1, &values, Some(2))).unwrap();
    assert_near(straight.luminance.at(0, 0), grey(100), 1e-5);
    let premultiplied = decode(&tiff_of::<RGBA8>(2, 1, &values, Some(1))).unwrap();
    assert_near(
        premultiplied.luminance.at(0, 0),
        linear(100.0 / 128.0),
        1e-5,
    );
    for photo in [straight, premultiplied] {
        assert_eq!(photo.luminance.at(1, 0), 0.0);
        assert_near(photo.alpha.unwrap().at(0, 0), 128.0 / 255.0, 1e-6);
    }
}

#[test]
fn inks_of_a_tiff_are_plain() {
    use tiff::encoder::colortype::CMYK8;
    let photo = decode(&tiff_of::<CMYK8>(2, 1, &[0, 0, 0, 0, 0, 0, 0, 255], None)).unwrap();
    assert_eq!(photo.luminance.values(), [1.0, 0.0]);
}

#[test]
fn opacity_is_apart_and_hides_what_lies_under_it() {
    let image = ImageBuffer::from_fn(3, 1, |x, _| {
        [
            Rgba([255u8, 255, 255, 0]),
            Rgba([255, 255, 255, 51]),
            Rgba([0, 0, 0, 255]),
        ][x as usize]
    });
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let photo = decode(&encode(&DynamicImage::ImageRgba8(image.clone()), format)).unwrap();
        assert_eq!(photo.luminance.values(), [0.0, 1.0, 0.0]);
        let alpha = photo.alpha.unwrap();
        assert_near(alpha.at(1, 0), 0.2, 1e-6);
        assert_eq!((alpha.at(0, 0), alpha.at(2, 0)), (0.0, 1.0));
    }
    let opaque = ImageBuffer::from_pixel(3, 3, LumaA([7u8, 255]));
    let photo = decode(&encode(
        &DynamicImage::ImageLumaA8(opaque),
        ImageFormat::Png,
    ))
    .unwrap();
    assert!(photo.alpha.is_none());
    let nothing = ImageBuffer::from_pixel(3, 3, LumaA([7u16, 0]));
    let message = refusal(&encode(
        &DynamicImage::ImageLumaA16(nothing),
        ImageFormat::Png,
    ));
    assert!(message.contains("transparent"), "{message}");
}

#[test]
fn the_copy_in_colour_is_small_upright_and_srgb() {
    let image = ImageBuffer::from_fn(2000, 1500, |x, _| {
        if x < 1000 {
            Rgb([200u8, 100, 50])
        } else {
            Rgb([0, 0, 255])
        }
    });
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif(6)).unwrap();
    DynamicImage::ImageRgb8(image)
        .write_with_encoder(encoder)
        .unwrap();
    let (_folder, path) = stored(&bytes);
    let (photo, color) = photo::decode_in_color(&path, 10.0).unwrap();
    assert_eq!(photo.luminance.width(), 1500);
    assert!(color.width() * color.height() <= photo::COLOR_PIXELS);
    assert_eq!(color.at(5, 5), [200, 100, 50]);
    assert_eq!(color.at(5, color.height() - 5), [0, 0, 255]);

    let (_folder, path) = stored(YCCK);
    let (_, color) = photo::decode_in_color(&path, 10.0).unwrap();
    let [red, green, blue] = color.at(4, 12);
    assert!(
        red < 10 && green > 245 && blue > 245,
        "{:?}",
        color.at(4, 12)
    );
}

#[test]
fn one_pixel_and_needles_decode() {
    for (width, height) in [(1, 1), (4000, 1), (1, 4000)] {
        let image = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(width, height, Luma([200])));
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Tiff,
            ImageFormat::Bmp,
        ] {
            let photo = decode(&encode(&image, format)).unwrap();
            assert_eq!(photo.luminance.width(), width as usize);
            assert_near(photo.luminance.at(0, height as usize - 1), grey(200), 0.02);
        }
    }
}

#[test]
fn a_flat_mid_grey_jpeg_is_whole() {
    let image = ImageBuffer::from_pixel(64, 64, Rgb([128u8; 3]));
    let photo = decode(&encode(&DynamicImage::ImageRgb8(image), ImageFormat::Jpeg)).unwrap();
    assert!(photo.alpha.is_none());
    assert!(photo.warnings.is_empty(), "{:?}", photo.warnings);
}
