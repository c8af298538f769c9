//! Depth as bare floating-point numbers: PFM, as stereo programs write it, and NPY, as Python does.
//!
//! Both have a header of one text and a payload of fixed size, which must be there in full before
//! memory is taken. PFM's scale is ignored but for its sign, which is the byte order: programs
//! disagree on what else it means. No crate for NPY: those that exist bring a parser generator for
//! its one line of header.
//!
//! # Source
//!
//! PFM: Debevec, *The portable float map*, 1998 (rows run up). NPY: NumPy, *NEP 1*, 2007, with
//! versions 1 to 3 of the header.

use std::path::Path;

use ::exr::prelude::f16;

use super::file::{Sample, Stored, check_size, grey, unreadable};
use crate::error::Result;
use crate::grid::Grid;

/// The first bytes of an NPY file.
const NPY: &[u8] = b"\x93NUMPY";

/// Whether the bytes start as a PFM file does.
pub(super) fn is_pfm(bytes: &[u8]) -> bool {
    let magic = bytes.starts_with(b"Pf") || bytes.starts_with(b"PF");
    magic && bytes.get(2).is_some_and(u8::is_ascii_whitespace)
}

/// Whether the bytes start as an NPY file does.
pub(super) fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(NPY)
}

/// Reads a PFM file.
pub(super) fn decode_pfm(path: &Path, bytes: &[u8]) -> Result<Stored> {
    let mut rest = &bytes[2..];
    let mut word = || {
        let start = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let length = rest[start..].iter().position(u8::is_ascii_whitespace)?;
        let text = std::str::from_utf8(&rest[start..start + length]).ok()?;
        // One space or line end, no more: what follows may look like one and be a number.
        rest = &rest[start + length + 1..];
        Some(text)
    };
    let header = (|| {
        let width: u32 = word()?.parse().ok()?;
        let height: u32 = word()?.parse().ok()?;
        let scale: f32 = word()?.parse().ok()?;
        (scale != 0.0 && scale.is_finite()).then_some((width, height, scale))
    })();
    let (width, height, scale) =
        header.ok_or_else(|| unreadable(path, &"its header is no width, height and scale"))?;
    check_size(path, width, height)?;
    let channels = if bytes[1] == b'F' { 3 } else { 1 };
    let wanted = width as usize * height as usize * channels * 4;
    let payload = payload(path, rest, wanted)?;
    let read = if scale < 0.0 {
        f32::from_le_bytes
    } else {
        f32::from_be_bytes
    };
    let (words, _) = payload.as_chunks::<4>();
    let mut values: Vec<f32> = words.iter().map(|word| read(*word)).collect();
    if channels == 3 {
        values = grey::<3, false>(path, &values)?;
    }
    let width = width as usize;
    // Rows run up in the file.
    let upright = values
        .chunks_exact(width)
        .rev()
        .flatten()
        .copied()
        .collect();
    stored(path, width, height as usize, upright)
}

fn payload<'a>(path: &Path, bytes: &'a [u8], wanted: usize) -> Result<&'a [u8]> {
    bytes.get(..wanted).ok_or_else(|| {
        let lengths = format!("{} bytes of numbers where {wanted} are due", bytes.len());
        unreadable(path, &lengths)
    })
}

fn stored(path: &Path, width: usize, height: usize, values: Vec<f32>) -> Result<Stored> {
    let values = Grid::from_values(width, height, values)
        .ok_or_else(|| unreadable(path, &"rows are missing"))?;
    Ok(Stored {
        values,
        sample: Sample::Float,
        kind: None,
    })
}

/// Reads an NPY file: two axes, or more of which all but two have length 1.
pub(super) fn decode_npy(path: &Path, bytes: &[u8]) -> Result<Stored> {
    let broken = || unreadable(path, &"its NPY header is damaged");
    let (start, length): (usize, usize) = match (bytes.get(6), bytes.get(8..10), bytes.get(8..12)) {
        (Some(1), Some(&[a, b]), _) => (10, usize::from(u16::from_le_bytes([a, b]))),
        (Some(2 | 3), _, Some(&[a, b, c, d])) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        _ => return Err(broken()),
    };
    let header = bytes.get(start..start.saturating_add(length));
    let header = header.and_then(|text| std::str::from_utf8(text).ok());
    let header = header.and_then(Header::parse).ok_or_else(broken)?;
    let [height, width] = header
        .sides()
        .ok_or_else(|| unreadable(path, &format!("an array of shape {:?}", header.shape)))?;
    check_size(path, width, height)?;
    let (width, height) = (width as usize, height as usize);
    let number = Number::of(&header.descr).ok_or_else(|| {
        let kind = format!("numbers of type {} are not supported", header.descr);
        unreadable(path, &kind)
    })?;
    let body = payload(
        path,
        &bytes[start + length..],
        width * height * number.bytes,
    )?;
    let values: Vec<f32> = body.chunks_exact(number.bytes).map(number.read).collect();
    if header.fortran {
        let turned = |index: usize| values[index % width * height + index / width];
        let values = (0..width * height).map(turned).collect();
        return stored(path, width, height, values);
    }
    stored(path, width, height, values)
}

/// What an NPY header says.
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads the Python literal that NumPy writes; other spellings of it are not known to exist.
    fn parse(text: &str) -> Option<Self> {
        let after = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            let at = quoted
                .iter()
                .find_map(|key| text.find(key).map(|at| at + key.len()))?;
            text[at..]
                .trim_start()
                .strip_prefix(':')
                .map(str::trim_start)
        };
        let descr = after("descr")?;
        let quote = descr.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let descr = descr[1..].split(quote).next()?.to_owned();
        let fortran = after("fortran_order")?.starts_with("True");
        let shape = after("shape")?.strip_prefix('(')?.split(')').next()?;
        let sides = shape.split(',').map(str::trim).filter(|s| !s.is_empty());
        Some(Self {
            descr,
            fortran,
            shape: sides
                .map(|side| side.parse().ok())
                .collect::<Option<Vec<u64>>>()?,
        })
    }

    /// Height and width.
    fn sides(&self) -> Option<[u32; 2]> {
        let mut sides: Vec<u64> = self.shape.clone();
        while sides.len() > 2 {
            let one = sides.iter().position(|&side| side == 1)?;
            sides.remove(one);
        }
        let side = |length: u64| u32::try_from(length).unwrap_or(u32::MAX);
        let [height, width] = sides[..] else {
            return None;
        };
        Some([side(height), side(width)])
    }
}

/// How one number is read.
struct Number {
    bytes: usize,
    read: fn(&[u8]) -> f32,
}

impl Number {
    /// The number that a type string such as `<f4` names.
    fn of(descr: &str) -> Option<Self> {
        /// Reads exactly the bytes of a number, whose count `chunks_exact` has seen to.
        macro_rules! number {
            ($number:ty, $order:ident) => {
                Self {
                    bytes: size_of::<$number>(),
                    read: |bytes| {
                        let bytes = bytes.try_into().unwrap_or_default();
                        <$number>::$order(bytes) as f32
                    },
                }
            };
        }
        Some(match descr {
            "<f4" | "=f4" => number!(f32, from_le_bytes),
            ">f4" => number!(f32, from_be_bytes),
            "<f8" => number!(f64, from_le_bytes),
            ">f8" => number!(f64, from_be_bytes),
            "<f2" => Self {
                bytes: 2,
                read: |bytes| f16::from_le_bytes(bytes.try_into().unwrap_or_default()).to_f32(),
            },
            "|u1" | "<u1" => number!(u8, from_le_bytes),
            "<u2" => number!(u16, from_le_bytes),
            ">u2" => number!(u16, from_be_bytes),
            "<i2" => number!(i16, from_le_bytes),
            "<i4" => number!(i32, from_le_bytes),
            "<u4" => number!(u32, from_le_bytes),
            "<i8" => number!(i64, from_le_bytes),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn npy(descr: &str, fortran: &str, shape: &str, body: &[u8]) -> Vec<u8> {
        let mut header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let length = (header.len() as u16).to_le_bytes();
        [NPY, &[1, 0], &length, header.as_bytes(), body].concat()
    }

    fn read(bytes: &[u8]) -> Vec<f32> {
        let path = Path::new("x");
        let stored = if is_pfm(bytes) {
            decode_pfm(path, bytes)
        } else {
            decode_npy(path, bytes)
        };
        stored.unwrap().values.into_values()
    }

    fn refusal(bytes: &[u8]) -> String {
        let path = Path::new("x");
        let stored = if is_pfm(bytes) {
            decode_pfm(path, bytes)
        } else {
            decode_npy(path, bytes)
        };
        let text = stored.err().expect("it is refused").to_string();
        assert!(!text.contains('\n'), "{text}");
        text
    }

    #[test]
    fn pfm_rows_run_up_in_either_byte_order() {
        let values = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
        for (scale, body) in [("-1.0", little), ("0.5", big)] {
            let bytes = [format!("Pf\n3 2\n{scale}\n").as_bytes(), &body].concat();
            assert_eq!(read(&bytes), [4.0, 5.0, 6.0, 1.0, 2.0, 3.0]);
        }
    }

    #[test]
    fn npy_numbers_of_every_kind_and_layout_are_read() {
        let body: Vec<u8> = (0..6).flat_map(|v| f64::from(v).to_be_bytes()).collect();
        assert_eq!(
            read(&npy(">f8", "False", "(2, 3)", &body)),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        );
        assert_eq!(
            read(&npy(">f8", "True", "(2, 3)", &body)),
            [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]
        );
        let body: Vec<u8> = (0..6u16).flat_map(|v| (v * 9).to_le_bytes()).collect();
        assert_eq!(read(&npy("<u2", "False", "(1, 2, 3, 1)", &body))[5], 45.0);
        let half: Vec<u8> = [0x00, 0x3C, 0x00, 0xC0].to_vec();
        assert_eq!(read(&npy("<f2", "False", "(1, 2)", &half)), [1.0, -2.0]);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_before_memory_is_taken() {
        assert!(refusal(b"Pf\n60000 60000\n-1\nabcd").contains("limit"));
        assert!(refusal(b"Pf\n100 100\n-1\nabcd").contains("40000"));
        assert!(refusal(b"Pf\n-3 2\n-1\n").contains("header"));
        assert!(refusal(&npy("<f4", "False", "(99999999, 99999999)", b"")).contains("limit"));
        assert!(refusal(&npy("<f4", "False", "(4, 4)", &[0; 63])).contains("64"));
        assert!(refusal(&npy("<c8", "False", "(1, 1)", &[0; 8])).contains("<c8"));
        assert!(refusal(&npy("<f4", "False", "(4, 4, 3)", &[0; 400])).contains("shape"));
        assert!(refusal(b"\x93NUMPY\x01\0\xff\xffxx").contains("damaged"));
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "\\PC{0,90}", version in 0u8..5) {
            let header = text.as_bytes();
            let length = (header.len() as u16).to_le_bytes();
            let bytes = [NPY, &[version, 0], &length, header, &[0; 64]].concat();
            let _ = decode_npy(Path::new("x"), &bytes);
            let _ = decode_pfm(Path::new("x"), &[b"Pf\n", header].concat());
        }
    }
}
