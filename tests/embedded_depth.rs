//! Depth inside photos, in files that the tests build.

use std::io::Cursor;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use glyptic::depth::embedded::{self, Embedded};
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Luma};
use tempfile::TempDir;

const GDEPTH: &str = "http://ns.google.com/photos/1.0/depthmap/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const DIGEST: &str = "36BE52D449F3E6B9760D7602FF75168D";

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A photo of 48 x 32 pixels, stored with an orientation.
fn photo(orientation: u8) -> Vec<u8> {
    let image = ImageBuffer::from_fn(48, 32, |x, y| Luma([(3 * x + y) as u8]));
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(exif).unwrap();
    DynamicImage::ImageLuma8(image)
        .write_with_encoder(encoder)
        .unwrap();
    bytes
}

/// A depth map of 12 x 8 pixels, 16 bits, whose values rise along its rows, by steps of 4000, from 0.
fn map() -> Vec<u8> {
    let image = ImageBuffer::from_fn(12, 8, |x, _| Luma([(4000 * x) as u16]));
    encode(&DynamicImage::ImageLuma16(image), ImageFormat::Png)
}

fn packet(description: &str) -> Vec<u8> {
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF \
         xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>{description}</rdf:RDF></x:xmpmeta>"
    )
    .into_bytes()
}

fn segment(start: &[u8], content: &[u8]) -> Vec<u8> {
    let length = (2 + start.len() + content.len()) as u16;
    [&[0xff, 0xe1], &length.to_be_bytes()[..], start, content].concat()
}

fn xmp(description: &str) -> Vec<u8> {
    segment(b"http://ns.adobe.com/xap/1.0/\0", &packet(description))
}

/// The segments of an extended packet, cut into parts of `size` bytes.
fn extended(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    packet
        .chunks(size)
        .enumerate()
        .map(|(number, part)| {
            let mut content = DIGEST.as_bytes().to_vec();
            content.extend((packet.len() as u32).to_be_bytes());
            content.extend(((number * size) as u32).to_be_bytes());
            content.extend(part);
            segment(b"http://ns.adobe.com/xmp/extension/\0", &content)
        })
        .collect()
}

/// Puts segments behind the first two bytes of a JPEG.
fn insert(photo: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    [&photo[..2], &segments.concat(), &photo[2..]].concat()
}

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn find(bytes: &[u8]) -> glyptic::Result<Option<Embedded>> {
    let (_folder, path) = file(bytes);
    embedded::find(&path)
}

fn found(bytes: &[u8]) -> Embedded {
    find(bytes).unwrap().expect("there is depth")
}

fn refusal(bytes: &[u8]) -> String {
    let message = find(bytes).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.contains("depth inside the photo"), "{message}");
    message
}

/// Distance that RangeInverse means by column `x` of [`map`].
fn inverse(x: usize, near: f64, far: f64) -> f64 {
    let value = 4000.0 * x as f64 / 65_535.0;
    far * near / (far - value * (far - near))
}

fn assert_distances(found: &Embedded, expected: impl Fn(usize) -> f64) {
    let map = &found.map.nearness;
    assert_eq!((map.width(), map.height()), (12, 8));
    for x in 0..12 {
        let distance = f64::from(-map.at(x, 3));
        let expected = expected(x);
        assert!(
            (distance - expected).abs() <= 1e-5 * expected,
            "{x}: {distance}, not {expected}"
        );
    }
}

fn gdepth(format: &str, units: &str, data: &str) -> String {
    format!(
        "<rdf:Description xmlns:GDepth='{GDEPTH}' GDepth:Format='{format}' GDepth:Near='0.5' \
         GDepth:Far='20' GDepth:Mime='image/png' {units} GDepth:Data='{data}'/>"
    )
}

#[test]
fn gdepth_in_one_packet_gives_distances() {
    let data = STANDARD.encode(map());
    let inverse_file = insert(&photo(1), &[xmp(&gdepth("RangeInverse", "", &data))]);
    let depth = found(&inverse_file);
    assert_distances(&depth, |x| inverse(x, 0.5, 20.0));
    assert_eq!(depth.range_m, Some((0.5, 20.0)));
    assert_eq!(
        depth.origin,
        "embedded, GDepth, 12 x 8, RangeInverse, 0.50 to 20.00 m"
    );

    let data = STANDARD_NO_PAD.encode(map());
    let linear = gdepth("RangeLinear", "GDepth:Units='mm'", &data);
    let depth = found(&insert(&photo(1), &[xmp(&linear)]));
    assert_distances(&depth, |x| 0.5 + 19.5 * 4000.0 * x as f64 / 65_535.0);
    assert_eq!(depth.range_m, Some((0.0005, 0.02)));

    let (_folder, path) = file(&inverse_file);
    let plain = embedded::embedded(&path).unwrap().unwrap();
    let first = plain.nearness.row(0);
    assert!(
        first.windows(2).all(|pair| pair[0] > pair[1]),
        "far is not farther"
    );
}

#[test]
fn depth_of_8_bits_in_jpeg_is_read_too() {
    let image = ImageBuffer::from_pixel(16, 16, Luma([51u8]));
    let data = STANDARD.encode(encode(&DynamicImage::ImageLuma8(image), ImageFormat::Jpeg));
    let depth = found(&insert(
        &photo(1),
        &[xmp(&gdepth("RangeLinear", "", &data))],
    ));
    let distance = -depth.map.nearness.at(8, 8);
    assert!((distance - (0.5 + 19.5 * 0.2)).abs() < 0.1, "{distance}");
}

fn in_extended(segments: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> Vec<u8> {
    let main = format!(
        "<rdf:Description xmlns:GDepth='{GDEPTH}' xmlns:xmpNote='{NOTE}' GDepth:Near='0.5' \
         GDepth:Far='20' xmpNote:HasExtendedXMP='{DIGEST}'/>"
    );
    let data = STANDARD.encode(map());
    let rest = packet(&format!(
        "<rdf:Description xmlns:GDepth='{GDEPTH}'><GDepth:Data>{data}</GDepth:Data>\
         </rdf:Description>"
    ));
    let mut all = vec![xmp(&main)];
    all.extend(segments(extended(&rest, 60)));
    insert(&photo(1), &all)
}

#[test]
fn extended_packets_come_together_from_segments_in_any_order() {
    assert_distances(&found(&in_extended(|parts| parts)), |x| {
        inverse(x, 0.5, 20.0)
    });
    let shuffled = in_extended(|mut parts| {
        parts.reverse();
        parts.push(parts[1].clone());
        parts
    });
    assert_distances(&found(&shuffled), |x| inverse(x, 0.5, 20.0));
}

#[test]
fn extended_packets_with_gaps_are_refused() {
    let message = refusal(&in_extended(|mut parts| {
        parts.remove(2);
        parts
    }));
    assert!(message.contains("only 120 of"), "{message}");
    refusal(&in_extended(|_| Vec::new()));
}

/// A Dynamic Depth photo: a picture with a name and a gap before it, and the depth map behind it.
fn dynamic(lengths: impl Fn(usize) -> usize, appended: &[&[u8]], scale: &str) -> Vec<u8> {
    let namespace = |name: &str| format!("http://ns.google.com/photos/dd/1.0/{name}/");
    let item = |length: usize, rest: &str| {
        format!(
            "<rdf:li rdf:parseType='Resource'><Container:Item Item:Length='{length}' {rest}/></rdf:li>"
        )
    };
    let description = format!(
        "<rdf:Description xmlns:Device='{}' xmlns:Container='{}' xmlns:Item='{}' \
         xmlns:Camera='{}' xmlns:DepthMap='{}'>\
         <Device:Container><Container:Directory><rdf:Seq>{}{}{}</rdf:Seq></Container:Directory>\
         </Device:Container><Device:Cameras><rdf:Seq><rdf:li><Device:Camera>\
         <Camera:DepthMap DepthMap:ItemSemantic='Depth' DepthMap:DepthURI='android/depthmap' {scale}/>\
         </Device:Camera></rdf:li></rdf:Seq></Device:Cameras></rdf:Description>",
        namespace("device"),
        namespace("container"),
        namespace("item"),
        namespace("camera"),
        namespace("depthmap"),
        item(
            0,
            "Item:Mime='image/jpeg' Item:DataURI='primary_image' Item:Padding='3'"
        ),
        item(
            lengths(0),
            "Item:Mime='image/jpeg' Item:DataURI='android/original_image'"
        ),
        item(
            lengths(1),
            "Item:Mime='image/png' Item:DataURI='android/depthmap'"
        ),
    );
    let mut bytes = insert(&photo(1), &[xmp(&description)]);
    appended.iter().for_each(|part| bytes.extend(*part));
    bytes
}

const METRES: &str = "DepthMap:Format='RangeInverse' DepthMap:Near='0.5' DepthMap:Far='20' \
                      DepthMap:Units='Meters'";

#[test]
fn dynamic_depth_is_found_behind_the_photo() {
    let (other, map) = (photo(1), map());
    let lengths = |item: usize| [other.len(), map.len()][item];
    let depth = found(&dynamic(lengths, &[b"gap", &other, &map], METRES));
    assert_distances(&depth, |x| inverse(x, 0.5, 20.0));
    assert_eq!(depth.range_m, Some((0.5, 20.0)));

    // Something that is not listed stands before: counted from the end, the map is found.
    let unlisted = dynamic(lengths, &[b"gap and more", &other, &map], METRES);
    assert_distances(&found(&unlisted), |x| inverse(x, 0.5, 20.0));

    let dioptres = METRES
        .replace("'Meters'", "'Diopters'")
        .replace("'0.5'", "'2'");
    let depth = found(&dynamic(
        lengths,
        &[b"gap", &other, &map],
        &dioptres.replace("'20'", "'0.05'"),
    ));
    assert_distances(&depth, |x| inverse(x, 0.5, 20.0));

    let depth = found(&dynamic(lengths, &[b"gap", &other, &map], ""));
    assert_distances(&depth, |x| 4000.0 * x as f64 / 65_535.0);
    assert_eq!(depth.warnings.len(), 1);
    assert_eq!(depth.range_m, None);
}

#[test]
fn containers_that_lie_are_refused() {
    let (other, map) = (photo(1), map());
    let lengths = |item: usize| [other.len(), map.len()][item];
    let message = refusal(&dynamic(lengths, &[], METRES));
    assert!(message.contains("no image stands"), "{message}");
    refusal(&dynamic(|_| usize::MAX, &[b"gap", &other, &map], METRES));
    refusal(&dynamic(|_| 0, &[b"gap", &other, &map], METRES));
    refusal(&dynamic(
        lengths,
        &[b"gap", &other, &map[..map.len() / 2]],
        METRES,
    ));
}

#[test]
fn the_map_is_turned_with_its_photo_unless_it_is_upright() {
    let data = STANDARD.encode(map());
    let upright = |orientation: u8, data: &str| {
        found(&insert(
            &photo(orientation),
            &[xmp(&gdepth("RangeLinear", "", data))],
        ))
        .map
        .nearness
    };
    let plain = upright(1, &data);
    // Orientation 6: the stored left edge, the nearest here, is the upper edge.
    let turned = upright(6, &data);
    assert_eq!((turned.width(), turned.height()), (8, 12));
    assert_eq!(turned.at(0, 0), plain.at(0, 0));
    assert_eq!(turned.at(0, 11), plain.at(11, 0));
    // Its shape says that this one stands upright already.
    let image = ImageBuffer::from_fn(8, 12, |_, y| Luma([(4000 * y) as u16]));
    let data = STANDARD.encode(encode(&DynamicImage::ImageLuma16(image), ImageFormat::Png));
    assert_eq!(upright(6, &data), turned);
}

#[test]
fn photos_without_depth_have_none() {
    assert!(find(&photo(1)).unwrap().is_none());
    let other =
        "<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/' dc:format='image/jpeg'/>";
    assert!(find(&insert(&photo(1), &[xmp(other)])).unwrap().is_none());
    let segments = "<rdf:Description xmlns:Camera='http://ns.google.com/photos/dd/1.0/camera/' \
                    xmlns:DepthMap='http://ns.google.com/photos/dd/1.0/depthmap/'>\
                    <Camera:DepthMap DepthMap:ItemSemantic='Segmentation'/></rdf:Description>";
    assert!(
        find(&insert(&photo(1), &[xmp(segments)]))
            .unwrap()
            .is_none()
    );
    let png = encode(&DynamicImage::new_luma8(3, 3), ImageFormat::Png);
    assert!(find(&png).unwrap().is_none());
    let tiff = encode(&DynamicImage::new_luma8(3, 3), ImageFormat::Tiff);
    assert!(find(&tiff).unwrap().is_none());
    assert!(find(b"no photo at all").is_err());
}

#[test]
fn damaged_depth_is_refused() {
    let cut = STANDARD.encode(&map()[..60]);
    for data in ["!!!!", "QUJD", &cut] {
        let bytes = insert(&photo(1), &[xmp(&gdepth("RangeInverse", "", data))]);
        refusal(&bytes);
    }
    let broken = format!("<rdf:Description xmlns:GDepth='{GDEPTH}' GDepth:Near='1");
    let message = refusal(&insert(&photo(1), &[xmp(&broken)]));
    assert!(message.contains("no XML"), "{message}");
    // Broken XMP that is about other things is nobody's concern here.
    let other = insert(&photo(1), &[xmp("<rdf:Description")]);
    assert!(find(&other).unwrap().is_none());
}
