//! Records of one size, as binary files hold them: their numbers, their count against the file's
//! length, and reading them chunk by chunk.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::Collector;
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Most bytes of a record. Real ones have 12 to some hundred.
pub(super) const LONGEST_RECORD: u64 = 1 << 16;

/// How much is read at a time, unless a record is longer.
const BUFFER: usize = 1 << 18;

/// What a file is read from.
pub(super) trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Signed,
    Unsigned,
}

/// How a number lies in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

impl Scalar {
    /// `None` if no such number exists.
    pub(super) fn new(kind: Kind, size: usize, big_endian: bool) -> Option<Self> {
        let fits = match kind {
            Kind::Float => matches!(size, 4 | 8),
            Kind::Signed | Kind::Unsigned => matches!(size, 1 | 2 | 4 | 8),
        };
        fits.then_some(Self {
            kind,
            size,
            big_endian,
        })
    }

    /// Bytes that it takes.
    pub(super) fn size(self) -> usize {
        self.size
    }

    /// The number at the start of `bytes`.
    #[inline]
    pub(super) fn decode(self, bytes: &[u8]) -> f64 {
        let mut raw = [0; 8];
        raw[..self.size].copy_from_slice(&bytes[..self.size]);
        if self.big_endian {
            raw[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(raw);
        match (self.kind, self.size) {
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, size) => {
                let unused = 64 - 8 * size as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
        }
    }
}

/// Bytes from the current place to the end.
pub(super) fn room(path: &Path, file: &mut impl Seek) -> Result<u64> {
    let measure = |file: &mut dyn Seek| {
        let here = file.stream_position()?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(here))?;
        Ok(end.saturating_sub(here))
    };
    measure(file).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Refuses a count that is not the one of the bytes that follow, before anything is read.
pub(super) fn check_count(path: &Path, count: u64, size: u64, room: u64) -> Result<()> {
    check_room(path, count, size, room)?;
    if u128::from(count) * u128::from(size) < u128::from(room) {
        return Err(wrong_count(path, count, size, room));
    }
    Ok(())
}

/// Refuses a count that the bytes that follow do not hold, before anything is read.
pub(super) fn check_room(path: &Path, count: u64, size: u64, room: u64) -> Result<()> {
    if u128::from(count) * u128::from(size) > u128::from(room) {
        return Err(wrong_count(path, count, size, room));
    }
    Ok(())
}

fn wrong_count(path: &Path, count: u64, size: u64, room: u64) -> Error {
    let needed = u128::from(count) * u128::from(size);
    let problem = format!(
        "its header promises {count} points of {size} bytes, {needed} bytes, and {room} follow"
    );
    let remedy = "export the file again; it was cut short or its header is wrong";
    Error::content(path, problem, remedy)
}

/// Hands over `count` records of `size` bytes each, and the number of each, from 1.
pub(super) fn for_each_record(
    path: &Path,
    file: &mut impl Read,
    count: u64,
    size: usize,
    mut take: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    if size == 0 {
        return Ok(());
    }
    let chunk = (BUFFER / size).max(1);
    let mut buffer = vec![0; size * chunk.min(usize::try_from(count).unwrap_or(chunk))];
    let mut number = 0;
    while number < count {
        let records = (count - number).min(chunk as u64) as usize;
        let bytes = &mut buffer[..records * size];
        file.read_exact(bytes).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        for record in bytes.chunks_exact(size) {
            number += 1;
            take(record, number)?;
        }
    }
    Ok(())
}

/// The records' points.
pub(super) fn read_points(
    path: &Path,
    file: &mut impl Read,
    count: u64,
    size: usize,
    point: impl Fn(&[u8]) -> [f64; 3],
) -> Result<Cloud> {
    let mut points = Collector::new(path, "point");
    for_each_record(path, file, count, size, |record, number| {
        points.push(point(record), number)
    })?;
    Ok(points.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(value in any::<i64>(), float in any::<f32>()) {
            let scalar = |kind, size, big| Scalar::new(kind, size, big).unwrap();
            prop_assert_eq!(scalar(Kind::Signed, 2, false).decode(&(value as i16).to_le_bytes()), f64::from(value as i16));
            prop_assert_eq!(scalar(Kind::Signed, 1, true).decode(&(value as i8).to_be_bytes()), f64::from(value as i8));
            prop_assert_eq!(scalar(Kind::Signed, 8, true).decode(&value.to_be_bytes()), value as f64);
            prop_assert_eq!(scalar(Kind::Unsigned, 4, true).decode(&(value as u32).to_be_bytes()), f64::from(value as u32));
            prop_assert_eq!(scalar(Kind::Unsigned, 8, false).decode(&(value as u64).to_le_bytes()), value as u64 as f64);
            let wide = f64::from(float);
            prop_assert_eq!(scalar(Kind::Float, 4, true).decode(&float.to_be_bytes()).to_bits(), wide.to_bits());
            prop_assert_eq!(scalar(Kind::Float, 8, false).decode(&wide.to_le_bytes()).to_bits(), wide.to_bits());
        }
    }

    #[test]
    fn numbers_of_odd_sizes_do_not_exist() {
        for (kind, size) in [
            (Kind::Float, 2),
            (Kind::Float, 16),
            (Kind::Signed, 3),
            (Kind::Unsigned, 0),
        ] {
            assert_eq!(Scalar::new(kind, size, false), None);
        }
    }
}
