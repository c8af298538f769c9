//! What a file is, by its first bytes; extensions are not looked at.

use std::path::Path;

use crate::error::{Error, Result};

/// Formats of photos that are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF.
    Tiff,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// GIF.
    Gif,
}

/// Bytes that [`Kind::of`] wants to see.
pub(super) const HEAD_BYTES: usize = 512;

/// Beginnings of files that are not decoded: offset, bytes, what it is, what to do.
const FOREIGN: [(usize, &[u8], &str, &str); 23] = [
    (4, b"ftypheic", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftypheix", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftypheim", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftypheis", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftyphevc", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftyphevx", "a HEIC photo", HEIC_REMEDY),
    (4, b"ftypmif1", "a HEIF photo", HEIC_REMEDY),
    (4, b"ftypmsf1", "a HEIF photo", HEIC_REMEDY),
    (4, b"ftypheif", "a HEIF photo", HEIC_REMEDY),
    (4, b"ftypavif", "an AVIF picture", AVIF_REMEDY),
    (4, b"ftypavis", "an AVIF picture", AVIF_REMEDY),
    (4, b"ftypcrx ", "a camera raw file", RAW_REMEDY),
    (8, b"CR\x02", "a camera raw file", RAW_REMEDY),
    (0, b"FUJIFILMCCD-RAW", "a camera raw file", RAW_REMEDY),
    (4, b"ftyp", "a film", "save one picture of it as PNG"),
    (0, b"\xff\x0a", "a JPEG XL picture", JXL_REMEDY),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", JXL_REMEDY),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", SAVE_REMEDY),
    (0, b"8BPS", "a Photoshop document", SAVE_REMEDY),
    (
        0,
        b"%PDF",
        "a PDF document",
        "save its picture as PNG or TIFF",
    ),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", SAVE_REMEDY),
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive",
        "unpack it and name the photo",
    ),
    (
        0,
        b"\x1f\x8b",
        "a gzip archive",
        "unpack it and name the photo",
    ),
];

const HEIC_REMEDY: &str =
    "convert it first: heif-convert photo.heic photo.jpg, or export it as JPEG from the phone";
const AVIF_REMEDY: &str = "convert it first: avifdec photo.avif photo.png";
const JXL_REMEDY: &str = "convert it first: djxl photo.jxl photo.png";
const RAW_REMEDY: &str = "develop it first and save it as TIFF or JPEG";
const SAVE_REMEDY: &str = "save it as PNG, TIFF or JPEG";

impl Kind {
    /// Recognises a file by its first bytes, `HEAD_BYTES` of them where it has so many.
    ///
    /// # Errors
    ///
    /// [`Error::Content`] that says what the file is instead of a photo.
    pub(super) fn of(path: &Path, head: &[u8]) -> Result<Self> {
        if let Some((problem, remedy)) = foreign(head) {
            return Err(Error::content(path, problem, remedy));
        }
        Self::decoded(head).ok_or_else(|| unknown(path, head))
    }

    /// The format that is decoded and begins so.
    fn decoded(head: &[u8]) -> Option<Self> {
        let starts = |magic: &[u8]| head.starts_with(magic);
        if starts(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if starts(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0") || starts(b"MM\0+") {
            Some(Self::Tiff)
        } else if starts(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else if starts(b"GIF87a") || starts(b"GIF89a") {
            Some(Self::Gif)
        } else if starts(b"BM") && !is_text(head) {
            Some(Self::Bmp)
        } else {
            None
        }
    }

    /// The format's usual name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
        }
    }
}

/// What a picture, a document or an archive is, by its first bytes: `a PNG picture`. `None` for
/// everything else, text among it.
pub(crate) fn recognised(head: &[u8]) -> Option<&'static str> {
    let Some(kind) = Kind::decoded(head) else {
        return named(head).map(|(what, _)| what);
    };
    Some(match kind {
        Kind::Jpeg => "a JPEG picture",
        Kind::Png => "a PNG picture",
        Kind::Tiff => "a TIFF picture",
        Kind::WebP => "a WebP picture",
        Kind::Bmp => "a BMP picture",
        Kind::Gif => "a GIF picture",
    })
}

/// Problem and remedy of a known format that is not decoded.
fn foreign(head: &[u8]) -> Option<(String, &'static str)> {
    named(head).map(|(what, remedy)| (format!("is {what}, which is not decoded"), remedy))
}

/// What a known format is that is not decoded, and the remedy.
fn named(head: &[u8]) -> Option<(&'static str, &'static str)> {
    // Files of the general brand name the codec among their compatible brands.
    if head.get(4..8) == Some(b"ftyp") && head[8..].chunks(4).take(16).any(|b| b == b"avif") {
        return Some(("an AVIF picture", AVIF_REMEDY));
    }
    FOREIGN
        .iter()
        .find(|(offset, magic, ..)| {
            head.get(*offset..)
                .is_some_and(|rest| rest.starts_with(magic))
        })
        .map(|(_, _, what, remedy)| (*what, *remedy))
}

fn unknown(path: &Path, head: &[u8]) -> Error {
    let remedy = "give a JPEG, PNG, TIFF, WebP, BMP or GIF file";
    if head.is_empty() {
        return Error::content(path, "the file is empty", remedy);
    }
    let text = String::from_utf8_lossy(head);
    if text.contains("<svg") {
        return Error::content(
            path,
            "is an SVG drawing, which is not decoded",
            "save it as PNG",
        );
    }
    if is_text(head) {
        return Error::content(path, "is a text, not a picture", remedy);
    }
    Error::content(path, "is in no known picture format", remedy)
}

/// Whether the bytes read as text: UTF-8 (cut anywhere) without control characters.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty() && !valid.chars().any(|c| c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(head: &[u8]) -> Result<Kind> {
        Kind::of(Path::new("a.png"), head)
    }

    #[test]
    fn content_counts_and_not_the_name() {
        assert_eq!(kind(b"\xff\xd8\xff\xe0").unwrap(), Kind::Jpeg);
        assert_eq!(kind(b"RIFF....WEBPVP8 ").unwrap(), Kind::WebP);
        assert_eq!(kind(b"MM\0*....").unwrap(), Kind::Tiff);
        assert_eq!(kind(b"BM\x9a\0\0\0").unwrap(), Kind::Bmp);
        assert!(kind(b"BMW is a car maker").is_err());
    }

    #[test]
    fn phone_formats_are_named_with_a_way_out() {
        let heic = kind(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic").unwrap_err();
        assert!(heic.to_string().contains("HEIC"), "{heic}");
        assert!(heic.to_string().contains("heif-convert"), "{heic}");
        let avif = kind(b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf").unwrap_err();
        assert!(avif.to_string().contains("avifdec"), "{avif}");
        let film = kind(b"\0\0\0\x20ftypisom\0\0\0\0").unwrap_err();
        assert!(film.to_string().contains("film"), "{film}");
    }

    #[test]
    fn what_is_no_picture_is_said_in_one_line() {
        for (head, word) in [
            (&b""[..], "empty"),
            (b"hello world\n", "text"),
            (b"gr\xc3\xbcezi \xe2\x82", "text"),
            (b"<?xml?><svg>", "SVG"),
            (b"\x01\x02\x03\x04", "no known"),
            (b"%PDF-1.4", "PDF"),
            (b"\x1f\x8b\x08\0", "gzip"),
        ] {
            let message = kind(head).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
