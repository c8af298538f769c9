//! Files cut short and scribbled over, in every format: an error in one line, or a sound photo; never
//! a panic. What is too large, or no photo at all, is named.

mod common;

use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{decode, encode, refusal, stored};
use glyptic::Error;
use glyptic::depth::embedded;
use glyptic::photo::{self, Photo};
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, Rgb, Rgba};
use moxcms::ColorProfile;
use proptest::prelude::*;
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// Whole files, one or more of each format, and what their bytes may become.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(files);

/// Small enough that a size made large by damage is refused rather than decoded at length.
const MAX_MEGAPIXELS: f64 = 0.2;

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let image = ImageBuffer::from_fn(40, 24, |x, y| {
        Rgba([
            (6 * x) as u8,
            (10 * y) as u8,
            (x * y) as u8,
            (255 - 3 * x) as u8,
        ])
    });
    let rgba = DynamicImage::ImageRgba8(image);
    let rgb = DynamicImage::ImageRgb8(rgba.to_rgb8());
    let grey = DynamicImage::ImageLuma8(rgba.to_luma8());
    let mut files = vec![
        ("jpeg", encode(&rgb, ImageFormat::Jpeg)),
        (
            "jpeg progressive",
            include_bytes!("photos/progressive.jpg").to_vec(),
        ),
        ("jpeg cmyk", include_bytes!("photos/cmyk.jpg").to_vec()),
        ("jpeg ycck", include_bytes!("photos/ycck.jpg").to_vec()),
        (
            "jpeg grey",
            include_bytes!("photos/grey_adobe.jpg").to_vec(),
        ),
        ("png", encode(&rgba, ImageFormat::Png)),
        (
            "png 16",
            encode(
                &DynamicImage::ImageLumaA16(rgba.to_luma_alpha16()),
                ImageFormat::Png,
            ),
        ),
        ("webp", encode(&rgba, ImageFormat::WebP)),
        ("bmp", encode(&rgb, ImageFormat::Bmp)),
        ("gif", encode(&rgba, ImageFormat::Gif)),
        ("tiff", encode(&rgb, ImageFormat::Tiff)),
    ];
    let profiles = [
        ("png adobe", ColorProfile::new_adobe_rgb()),
        ("png p3", ColorProfile::new_display_p3()),
    ];
    for (name, profile) in profiles {
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(profile.encode().unwrap()).unwrap();
        rgb.write_with_encoder(encoder).unwrap();
        files.push((name, bytes));
    }
    for (name, compression) in [
        ("tiff lzw", Compression::Lzw),
        (
            "tiff deflate",
            Compression::Deflate(tiff::encoder::DeflateLevel::Fast),
        ),
        ("tiff packbits", Compression::Packbits),
    ] {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes)
            .unwrap()
            .with_compression(compression);
        let values: Vec<f32> = grey.to_luma32f().into_raw();
        encoder
            .write_image::<colortype::Gray32Float>(40, 24, &values)
            .unwrap();
        files.push((name, bytes.into_inner()));
    }
    files.push((
        "gdepth",
        with_depth(
            &encode(&rgb, ImageFormat::Jpeg),
            &encode(&grey, ImageFormat::Png),
        ),
    ));
    files
}

/// A JPEG with a depth map in an extended XMP packet, and one behind it.
fn with_depth(photo: &[u8], map: &[u8]) -> Vec<u8> {
    let digest = "36BE52D449F3E6B9760D7602FF75168D";
    let segment = |content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, 0xe1], &length[..], content].concat()
    };
    let main = format!(
        "http://ns.adobe.com/xap/1.0/\0<d xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/' \
         xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='{digest}' GDepth:Near='1' \
         GDepth:Far='9'/>"
    );
    let rest = format!(
        "<d xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/' GDepth:Data='{}'/>",
        STANDARD.encode(map)
    );
    let mut bytes = [&photo[..2], &segment(main.as_bytes())].concat();
    for (number, part) in rest.as_bytes().chunks(200).enumerate() {
        let mut content = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        content.extend(digest.as_bytes());
        content.extend((rest.len() as u32).to_be_bytes());
        content.extend(((number * 200) as u32).to_be_bytes());
        content.extend(part);
        bytes.extend(segment(&content));
    }
    bytes.extend(&photo[2..]);
    bytes.extend(map);
    bytes
}

#[derive(Clone, Debug)]
enum Damage {
    Cut(f64),
    Flip(f64, u8),
    /// Like a flip, but among the first bytes, where sizes and offsets stand.
    Header(usize, u8),
    Drop(f64, usize),
    Repeat(f64, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        1 => (0.0..1.0).prop_map(Damage::Cut),
        4 => (0.0..1.0, 1u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        4 => (2usize..220, 1u8..).prop_map(|(at, bits)| Damage::Header(at, bits)),
        1 => (0.0..1.0, 1usize..40).prop_map(|(at, count)| Damage::Drop(at, count)),
        1 => (0.0..1.0, 1usize..40).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let place = |at: f64| (at * bytes.len() as f64) as usize;
    match *damage {
        Damage::Cut(at) => bytes.truncate(place(at)),
        Damage::Flip(at, bits) => {
            let at = place(at);
            bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= bits);
        }
        Damage::Header(at, bits) => {
            bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= bits);
        }
        Damage::Drop(at, count) => {
            let start = place(at);
            let end = (start + count).min(bytes.len());
            bytes.drain(start..end);
        }
        Damage::Repeat(at, count) => {
            let start = place(at);
            let end = (start + count).min(bytes.len());
            let again = bytes[start..end].to_vec();
            bytes.splice(start..start, again);
        }
    }
}

fn check(photo: &Photo) {
    let inside = |values: &[f32]| values.iter().all(|value| (0.0..=1.0).contains(value));
    assert!(inside(photo.luminance.values()));
    if let Some(alpha) = &photo.alpha {
        assert!(inside(alpha.values()));
        assert_eq!(alpha.width(), photo.luminance.width());
        assert_eq!(alpha.height(), photo.luminance.height());
    }
    assert!(photo.warnings.iter().all(|warning| !warning.contains('\n')));
}

fn survive(bytes: &[u8]) {
    let (_folder, path) = stored(bytes);
    match photo::decode_in_color(&path, MAX_MEGAPIXELS) {
        Ok((photo, color)) => {
            check(&photo);
            assert!(color.width() * color.height() <= photo::COLOR_PIXELS);
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
    match embedded::find(&path) {
        Ok(Some(depth)) => {
            let values = depth.map.nearness.values();
            assert!(values.iter().all(|value| value.is_finite()));
        }
        Ok(None) => {}
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
}

#[test]
fn undamaged_files_decode() {
    for (name, bytes) in FILES.iter() {
        let (_folder, path) = stored(bytes);
        let photo = photo::decode(&path, MAX_MEGAPIXELS);
        check(&photo.unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_eq!(embedded::find(&path).unwrap().is_some(), *name == "gdepth");
    }
}

#[test]
fn sizes_are_refused_before_memory_is_taken() {
    // A PNG header that claims 2^31 - 1 pixels a side.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff".to_vec();
    png.extend(b"\x08\0\0\0\0");
    let message = refusal(&png);
    assert!(message.contains("2147483647 x 2147483647"), "{message}");
    let jpeg =
        b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0";
    let message = refusal(jpeg);
    assert!(message.contains("65535 x 65535"), "{message}");
    // The limit is the caller's.
    let image = DynamicImage::ImageLuma8(ImageBuffer::from_pixel(1000, 1001, Luma([1])));
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Jpeg,
        ImageFormat::Bmp,
    ] {
        let (_folder, path) = stored(&encode(&image, format));
        assert!(photo::decode(&path, 1.1).is_ok());
        let message = photo::decode(&path, 1.0).unwrap_err().to_string();
        assert!(message.contains("--max-megapixels"), "{message}");
    }
}

#[test]
fn what_is_no_photo_is_named() {
    let missing = photo::decode(Path::new("no/such/photo.jpg"), 1.0).unwrap_err();
    assert!(matches!(missing, Error::Read { .. }));
    let folder = tempfile::tempdir().unwrap();
    let message = photo::decode(folder.path(), 1.0).unwrap_err().to_string();
    assert!(message.contains("folder"), "{message}");
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"Dear shop, please find attached").contains("text"));
    assert!(refusal(b"\0\0\0\x18ftypheic\0\0\0\0heic").contains("heif-convert"));
    for limit in [f64::NAN, 0.0, -5.0] {
        let error = photo::decode(Path::new("a.png"), limit).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }));
    }
}

#[test]
fn cut_off_files_are_refused_in_one_line() {
    let image = ImageBuffer::from_fn(64, 64, |x, y| {
        Rgb([(x * 4) as u8, (y * 4) as u8, (x * y) as u8])
    });
    let image = DynamicImage::ImageRgb8(image);
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Gif,
    ] {
        let bytes = encode(&image, format);
        for part in [1, 3, 5, 7] {
            let message = refusal(&bytes[..bytes.len() * part / 8]);
            assert!(
                message.contains("damaged or cut off"),
                "{format:?} {part}/8: {message}"
            );
        }
    }
}

#[test]
fn a_cut_off_jpeg_keeps_what_arrived_or_is_refused() {
    let image = ImageBuffer::from_fn(128, 128, |x, y| {
        Rgb([(x * 2) as u8, (y * 2) as u8, (7 * x * y) as u8])
    });
    let whole = encode(&DynamicImage::ImageRgb8(image), ImageFormat::Jpeg);
    let whole_photo = decode(&whole).unwrap();
    assert!(whole_photo.warnings.is_empty());

    // Only the end marker is missing: all there, a warning.
    let photo = decode(&whole[..whole.len() - 2]).unwrap();
    assert_eq!(photo.luminance, whole_photo.luminance);
    assert!(
        photo.warnings[0].contains("end marker"),
        "{:?}",
        photo.warnings
    );

    // A fifth is missing: the rows that arrived are right, the others are transparent.
    let photo = decode(&whole[..whole.len() * 8 / 10]).unwrap();
    assert!(
        photo.warnings[0].contains("missing"),
        "{:?}",
        photo.warnings
    );
    let alpha = photo.alpha.unwrap();
    assert_eq!(alpha.at(60, 127), 0.0);
    for row in 0..64 {
        assert_eq!(photo.luminance.row(row), whole_photo.luminance.row(row));
        assert!(alpha.row(row).iter().all(|&alpha| alpha == 1.0));
    }

    let message = refusal(&whole[..whole.len() * 4 / 10]);
    assert!(message.contains("arrived"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn damaged_files_never_panic(
        file in 0..FILES.len(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let mut bytes = FILES[file].1.clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        survive(&bytes);
    }
}
