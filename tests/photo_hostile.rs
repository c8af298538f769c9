//! Files cut short and scribbled over, in every format: an error in one line, or a sound photo; never
//! a panic.

use std::io::Cursor;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use glyptic::depth::embedded;
use glyptic::photo::{self, Photo};
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Rgba};
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
    let encode = |image: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo");
    std::fs::write(&path, bytes).unwrap();
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo");
        std::fs::write(&path, bytes).unwrap();
        let photo = photo::decode(&path, MAX_MEGAPIXELS);
        check(&photo.unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_eq!(embedded::find(&path).unwrap().is_some(), *name == "gdepth");
    }
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
