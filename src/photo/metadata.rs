//! What else is in a photo file: its orientation, its XMP packets, and what is appended to it.
//!
//! Depth that phones put into photos hangs on these. A JPEG holds XMP in APP1 segments; a packet
//! that is too long for one segment continues in *extended* segments, named by a digest.
//!
//! # Source
//!
//! Adobe, XMP Specification Part 3 (2020), 1.1.3: JPEG.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ImageDecoder, ImageResult};

use super::decode::{damaged, guarded, open, orientation, png};
use super::jpeg::{Anatomy, anatomy};
use super::kind::Kind;
use crate::error::{Error, Result};

/// Largest file that is looked into. Phones append films of some seconds; beyond this it is no
/// photo.
const FILE_BYTES: u64 = 512 << 20;

const APP1: u8 = 0xe1;
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENDED_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// Characters of the digest that names an extended packet.
const DIGEST_BYTES: usize = 32;

/// A photo file and what its container tells.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// Width and height as stored.
    pub(crate) size: (usize, usize),
    /// How the stored rows are to be turned.
    pub(crate) orientation: Orientation,
    /// The XMP packet.
    pub(crate) xmp: Option<Vec<u8>>,
    bytes: Vec<u8>,
    anatomy: Anatomy,
}

impl Metadata {
    /// What follows the end of the photo in its file; `None` if it has no end.
    pub(crate) fn appended(&self) -> Option<&[u8]> {
        self.bytes.get(self.anatomy.end?..)
    }

    /// The extended packet with this digest, from all its segments.
    ///
    /// # Errors
    ///
    /// A clause that says what is missing.
    pub(crate) fn extended_xmp(&self, digest: &str) -> std::result::Result<Vec<u8>, String> {
        let mut parts: Vec<(usize, &[u8])> = Vec::new();
        let mut length = 0;
        for content in self.segments(APP1, EXTENDED_XMP) {
            let Some((name, rest)) = content.split_at_checked(DIGEST_BYTES) else {
                continue;
            };
            let Some((numbers, part)) = rest.split_at_checked(8) else {
                continue;
            };
            if name.eq_ignore_ascii_case(digest.as_bytes()) {
                length = length.max(number(&numbers[..4]));
                parts.push((number(&numbers[4..]), part));
            }
        }
        // Segments may stand in any order; a part that comes twice is taken once.
        parts.sort_by_key(|&(offset, part)| (offset, part.len()));
        parts.dedup_by_key(|&mut (offset, _)| offset);
        let mut packet = Vec::new();
        for (offset, part) in parts {
            if offset == packet.len() {
                packet.extend_from_slice(part);
            }
        }
        if packet.len() == length && length > 0 {
            Ok(packet)
        } else {
            Err(format!(
                "only {} of {length} bytes of its extended XMP are there",
                packet.len()
            ))
        }
    }

    /// Contents of the segments with this marker and beginning, without the beginning.
    fn segments<'a>(&'a self, marker: u8, start: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let segments = self.anatomy.segments.iter();
        let contents = segments.filter(move |(of, _)| *of == marker);
        contents.filter_map(move |(_, content)| self.bytes[content.clone()].strip_prefix(start))
    }
}

/// Reads what a photo's container tells; `None` for formats that hold no XMP.
///
/// # Errors
///
/// [`Error::Read`], and [`Error::Content`] for what is no photo, or too large a file.
pub(crate) fn metadata(path: &Path) -> Result<Option<Metadata>> {
    let (file, head) = open(path)?;
    let kind = Kind::of(path, &head)?;
    guarded(path, kind, || match kind {
        Kind::Jpeg => jpeg(path, file).map(Some),
        Kind::Png => through_image(path, kind, png(file)).map(Some),
        Kind::WebP => through_image(path, kind, WebPDecoder::new(file)).map(Some),
        Kind::Tiff | Kind::Bmp | Kind::Gif => Ok(None),
    })
}

fn jpeg(path: &Path, file: BufReader<File>) -> Result<Metadata> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(Error::content(
            path,
            format!("the file is larger than {} MB", FILE_BYTES >> 20),
            "save the photo without what is appended to it",
        ));
    }
    let anatomy = anatomy(&bytes);
    let size = anatomy.segments.iter().find_map(|(marker, content)| {
        // SOF0 to SOF15; three markers among them mean something else.
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        let &[_, h1, h0, w1, w0] = bytes[content.clone()].first_chunk()?;
        let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
        is_frame.then(|| (side(w1, w0), side(h1, h0)))
    });
    let mut metadata = Metadata {
        size: size.ok_or_else(|| damaged(path, Kind::Jpeg, "it has no header"))?,
        orientation: Orientation::NoTransforms,
        xmp: None,
        bytes,
        anatomy,
    };
    let exif = metadata.segments(APP1, EXIF).next();
    let orientation = orientation(exif);
    let xmp = metadata.segments(APP1, XMP).next().map(<[u8]>::to_vec);
    (metadata.orientation, metadata.xmp) = (orientation, xmp);
    Ok(metadata)
}

fn through_image(
    path: &Path,
    kind: Kind,
    decoder: ImageResult<impl ImageDecoder>,
) -> Result<Metadata> {
    let mut decoder = decoder.map_err(|error| damaged(path, kind, &error.to_string()))?;
    let (width, height) = decoder.dimensions();
    Ok(Metadata {
        size: (width as usize, height as usize),
        orientation: orientation(decoder.exif_metadata().ok().flatten().as_deref()),
        xmp: decoder.xmp_metadata().ok().flatten(),
        bytes: Vec::new(),
        anatomy: Anatomy::default(),
    })
}

/// A number of four bytes, most significant first.
fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | usize::from(byte))
}
