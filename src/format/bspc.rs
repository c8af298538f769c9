//! BSPC, the cloud of points of FLUX Beam Studio: a header of 12 bytes and 12 bytes a point.
//!
//! Little endian: `BSPC`, version 1 and 3 components a byte each, two bytes 0, the number of points in
//! 4 bytes; then x, y, z in single precision. Millimetres in the frame of the machine's bed: x right, y
//! to the back, z up toward the laser. A crystal that lies on its back has our frame just so.
//!
//! # Source
//!
//! The open repository flux3dp/beam-studio, `innerEngraving.ts` and `pointCloud.ts`.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use super::records::{Kind, Scalar, Source, check_count, read_points, room};
use super::stream::write_floats;
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Beam Studio takes no more.
const MOST_POINTS: usize = 10_000_000;

/// Writes the cloud: at least one point, at most 10 million.
pub(super) fn write(cloud: &Cloud, out: &mut dyn Write) -> io::Result<()> {
    let count = cloud.len();
    if count == 0 || count > MOST_POINTS {
        let message =
            format!("BSPC holds 1 to {MOST_POINTS} points, not {count}; write PLY instead");
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    out.write_all(b"BSPC\x01\x03\0\0")?;
    out.write_all(&(count as u32).to_le_bytes())?;
    write_floats(cloud, out, f32::to_le_bytes)
}

/// Reads the points.
pub(super) fn read(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let mut header = Vec::new();
    (&mut file)
        .take(12)
        .read_to_end(&mut header)
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    let broken = |problem: String| {
        Err(Error::content(
            path,
            problem,
            "export the file again from Beam Studio",
        ))
    };
    let Ok::<[u8; 12], _>(header) = header.as_slice().try_into() else {
        return broken(format!("ends within its header, at byte {}", header.len()));
    };
    let [
        b'B',
        b'S',
        b'P',
        b'C',
        version,
        components,
        _,
        _,
        a,
        b,
        c,
        d,
    ] = header
    else {
        return broken("byte 0: does not start with BSPC".to_owned());
    };
    if (version, components) != (1, 3) {
        return broken(format!(
            "byte 4: version {version} with {components} components; only version 1 with 3 is known"
        ));
    }
    let count = u32::from_le_bytes([a, b, c, d]);
    if count == 0 || count as usize > MOST_POINTS {
        return broken(format!(
            "byte 8: promises {count} points; a BSPC holds 1 to {MOST_POINTS}"
        ));
    }
    check_count(path, u64::from(count), 12, room(path, &mut file)?)?;
    let float = Scalar::new(Kind::Float, 4, false).expect("single precision exists");
    read_points(path, &mut file, u64::from(count), 12, |record| {
        [0, 4, 8].map(|at| float.decode(&record[at..]))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    fn file(version: u8, components: u8, count: u32, values: &[f32]) -> Vec<u8> {
        let mut bytes = b"BSPC".to_vec();
        bytes.extend([version, components, 0, 0]);
        bytes.extend(count.to_le_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    #[test]
    fn the_bytes_are_those_of_the_layout() {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        let mut out = Vec::new();
        write(&cloud, &mut out).unwrap();
        assert_eq!(out, file(1, 3, 1, &[8.12, -47.18, -10.78]));
        assert_eq!(points_of("any name", &out), [[8.12, -47.18, -10.78]]);
    }

    #[test]
    fn an_empty_cloud_is_not_written() {
        let error = write(&Cloud::default(), &mut Vec::new()).unwrap_err();
        assert!(
            error.to_string().contains("1 to 10000000 points, not 0"),
            "{error}"
        );
    }

    #[test]
    fn wrong_headers_and_counts_are_refused() {
        for (bytes, expected) in [
            (
                file(2, 3, 1, &[0.0; 3]),
                "byte 4: version 2 with 3 components",
            ),
            (
                file(1, 4, 1, &[0.0; 3]),
                "byte 4: version 1 with 4 components",
            ),
            (file(1, 3, 0, &[]), "byte 8: promises 0 points"),
            (
                file(1, 3, u32::MAX, &[0.0; 3]),
                "byte 8: promises 4294967295 points",
            ),
            (
                file(1, 3, 10_000_000, &[0.0; 3]),
                "its header promises 10000000 points of 12 bytes",
            ),
            (
                file(1, 3, 1, &[0.0; 6]),
                "its header promises 1 points of 12 bytes, 12 bytes, and 24 follow",
            ),
            (
                file(1, 3, 1, &[0.0, f32::NAN, 0.0]),
                "point 1: y = NaN is not finite",
            ),
            (b"BSPC\x01".to_vec(), "ends within its header, at byte 5"),
            (
                b"BSPD\x01\x03\0\0\x01\0\0\0".to_vec(),
                "byte 0: does not start with BSPC",
            ),
        ] {
            let message = refusal("a.bspc", &bytes);
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
