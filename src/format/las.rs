//! LAS, the archive format of laser scans: whole numbers with a scale and an offset in the header.
//!
//! Headers go through the crate `las`, in both directions. The points do not: its writer wants an
//! output that seeks and its reader one that lives for ever, and every point format starts with
//! x, y, z in 4 bytes each. Reading takes versions 1.0 to 1.4 and every point format; records other than
//! points are left out, never allocated. Compressed files (LAZ) are refused with a message.
//!
//! Written as version 1.2, point format 0, in steps of 0.0001 mm x 10^0: the file's unit is the
//! millimetre, which a text in its header tells, since LAS itself knows no unit.
//!
//! # Source
//!
//! *LAS Specification 1.4, R15*, American Society for Photogrammetry and Remote Sensing, 2019.

use std::io::{self, ErrorKind, SeekFrom, Write};
use std::path::Path;

use las::raw::{Header, Vlr, vlr::RecordLength};

use super::one_line;
use super::records::{Kind, LONGEST_RECORD, Scalar, Source, check_room, read_points, room};
use super::stream::write_records;
use super::text::quoted;
use crate::cloud::Cloud;
use crate::error::{Error, Result};

/// Steps of a millimetre. A coordinate of 100 m then takes 30 of 31 bits.
const STEPS_PER_MM: f64 = 10_000.0;

/// Bytes of a point of format 0.
const POINT: usize = 20;

/// Least record length of the point formats 0 to 10.
const LEAST_RECORDS: [u16; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];

/// Bytes of a variable length record's header.
const VLR_HEADER: usize = 54;

/// Writes the cloud. `comments` become a record of text.
pub(super) fn write(cloud: &Cloud, comments: &[String], out: &mut dyn Write) -> io::Result<()> {
    let (header, text) = header(cloud, comments)?;
    let mut head = Vec::new();
    header
        .write_to(&mut head)
        .and_then(|()| text.write_to(&mut head))
        .map_err(io::Error::other)?;
    out.write_all(&head)?;
    write_records(cloud, out, |point| {
        let mut record = [0; POINT];
        for (axis, value) in point.into_iter().enumerate() {
            record[4 * axis..][..4].copy_from_slice(&steps(value).to_le_bytes());
        }
        // Full intensity; the first return of one.
        record[12..15].copy_from_slice(&[0xFF, 0xFF, 0b0000_1001]);
        record
    })
}

/// The coordinate in steps, rounded half away from zero; the largest coordinate of any file fits.
fn steps(value_mm: f32) -> i32 {
    (f64::from(value_mm) * STEPS_PER_MM).round() as i32
}

fn header(cloud: &Cloud, comments: &[String]) -> io::Result<(Header, Vlr)> {
    let count = u32::try_from(cloud.len()).map_err(|_| {
        let message = format!(
            "LAS 1.2 holds at most {} points, not {}",
            u32::MAX,
            cloud.len()
        );
        io::Error::new(ErrorKind::InvalidInput, message)
    })?;
    let lines: Vec<String> = comments.iter().map(|comment| one_line(comment)).collect();
    let mut data = lines.join("\n").into_bytes();
    data.truncate(usize::from(u16::MAX) - 1);
    data.push(0);
    let text = Vlr {
        user_id: padded("LASF_Spec"),
        // Text area description.
        record_id: 3,
        record_length_after_header: RecordLength::Vlr(data.len() as u16),
        description: padded("units and frame"),
        data,
        ..Vlr::default()
    };
    let (low, high) = cloud.bounds().unwrap_or_default();
    let [low, high] =
        [low, high].map(|corner| corner.map(|value| f64::from(steps(value)) / STEPS_PER_MM));
    let plain = Header::default();
    let header = Header {
        generating_software: padded(concat!("glyptic ", env!("CARGO_PKG_VERSION"))),
        system_identifier: padded("OTHER"),
        offset_to_point_data: u32::from(plain.header_size) + (VLR_HEADER + text.data.len()) as u32,
        number_of_variable_length_records: 1,
        number_of_point_records: count,
        number_of_points_by_return: [count, 0, 0, 0, 0],
        x_scale_factor: 1.0 / STEPS_PER_MM,
        y_scale_factor: 1.0 / STEPS_PER_MM,
        z_scale_factor: 1.0 / STEPS_PER_MM,
        min_x: low[0],
        min_y: low[1],
        min_z: low[2],
        max_x: high[0],
        max_y: high[1],
        max_z: high[2],
        ..plain
    };
    Ok((header, text))
}

/// Text in a field of fixed length.
fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [0; N];
    let length = text.len().min(N);
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
    field
}

/// Reads the points.
pub(super) fn read(path: &Path, mut file: impl Source) -> Result<Cloud> {
    let broken =
        |problem: String| Error::content(path, problem, "export the file again as LAS 1.2 or 1.4");
    let header = Header::read_from(&mut file).map_err(|error| {
        let error = error.to_string();
        broken(format!(
            "its LAS header is damaged: {}",
            quoted(error.as_bytes())
        ))
    })?;
    let format = header.point_data_record_format;
    if format >= 64 {
        let remedy = "decompress it to LAS, with `pdal translate` or `laszip`";
        return Err(Error::content(path, "is a compressed LAS (LAZ)", remedy));
    }
    let length = header.point_data_record_length;
    let Some(&least) = LEAST_RECORDS.get(usize::from(format)) else {
        return Err(broken(format!(
            "byte 104: point format {format} is not known, only 0 to 10"
        )));
    };
    if length < least || u64::from(length) > LONGEST_RECORD {
        return Err(broken(format!(
            "byte 105: points of {length} bytes are shorter than the {least} of format {format}"
        )));
    }
    let count = match (header.number_of_point_records, header.large_file) {
        (0, Some(large)) => large.number_of_point_records,
        (count, _) => u64::from(count),
    };
    let scale = [
        header.x_scale_factor,
        header.y_scale_factor,
        header.z_scale_factor,
    ];
    let offset = [header.x_offset, header.y_offset, header.z_offset];
    if !scale.iter().chain(&offset).all(|value| value.is_finite()) || scale.contains(&0.0) {
        return Err(broken(format!(
            "byte 131: scale {scale:?} or offset {offset:?} is no number"
        )));
    }
    let start = u64::from(header.offset_to_point_data);
    if start < u64::from(header.header_size) {
        return Err(broken(format!(
            "byte 96: its points start at byte {start}, inside the header"
        )));
    }
    file.seek(SeekFrom::Start(start))
        .map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
    check_room(path, count, u64::from(length), room(path, &mut file)?)?;
    let whole = Scalar::new(Kind::Signed, 4, false).expect("32 bits exist");
    read_points(path, &mut file, count, usize::from(length), |record| {
        [0, 1, 2].map(|axis| whole.decode(&record[4 * axis..]) * scale[axis] + offset[axis])
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{points_of, refusal};
    use super::*;

    fn written() -> Vec<u8> {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        cloud.push([-1.0, 2.0, 0.000_06]);
        let mut out = Vec::new();
        write(&cloud, &["units millimetres".to_owned()], &mut out).unwrap();
        out
    }

    fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = written();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let file = written();
        assert_eq!(&file[..4], b"LASF");
        assert_eq!(&file[24..26], [1, 2]);
        // No date: the same cloud gives the same bytes tomorrow.
        assert_eq!(&file[90..94], [0; 4]);
        assert_eq!(file[96..100], (227_u32 + 54 + 18).to_le_bytes());
        assert_eq!(file[107..111], 2_u32.to_le_bytes());
        assert_eq!(file[131..139], 0.0001_f64.to_le_bytes());
        assert_eq!(file[179..187], 8.12_f64.to_le_bytes());
        assert_eq!(&file[281..299], b"units millimetres\0");
        assert_eq!(file[299..303], 81_200_i32.to_le_bytes());
        assert_eq!(file[303..307], (-471_800_i32).to_le_bytes());
        assert_eq!(&file[311..319], [0xFF, 0xFF, 9, 0, 0, 0, 0, 0]);
        assert_eq!(file.len(), 299 + 40);
        assert_eq!(
            points_of("any name", &file),
            [[8.12, -47.18, -10.78], [-1.0, 2.0, 0.0001]]
        );
    }

    #[test]
    fn the_crate_reads_what_is_written() {
        let mut reader = las::Reader::new(io::Cursor::new(written())).unwrap();
        assert_eq!(reader.header().number_of_points(), 2);
        assert_eq!(reader.header().bounds().max.y, 2.0);
        let points = reader.read_all().unwrap();
        let first = points.points().next().unwrap().unwrap();
        assert!((first.y + 47.18).abs() < 1e-9, "{}", first.y);
    }

    #[test]
    fn what_the_crate_writes_is_read() {
        let mut builder = las::Builder::from((1, 4));
        builder.point_format = las::point::Format::new(6).unwrap();
        builder.transforms.x = las::Transform {
            scale: 0.01,
            offset: 100.0,
        };
        builder.evlrs.push(las::Vlr {
            data: vec![7; 70_000],
            ..las::Vlr::default()
        });
        let header = builder.into_header().unwrap();
        let mut writer = las::Writer::new(io::Cursor::new(Vec::new()), header).unwrap();
        for x in [101.25, 99.5] {
            let point = las::Point {
                x,
                y: -2.0,
                z: 3.0,
                gps_time: Some(0.0),
                ..las::Point::default()
            };
            writer.write_point(point).unwrap();
        }
        let file = writer.into_inner().unwrap().into_inner();
        assert_eq!(
            points_of("a.las", &file),
            [[101.25, -2.0, 3.0], [99.5, -2.0, 3.0]]
        );
    }

    #[test]
    fn headers_that_lie_are_refused() {
        for (bytes, expected) in [
            (
                with(107, &u32::MAX.to_le_bytes()),
                "its header promises 4294967295 points of 20 bytes",
            ),
            (
                with(107, &3_u32.to_le_bytes()),
                "its header promises 3 points of 20 bytes, 60 bytes, and 40",
            ),
            (
                with(96, &u32::MAX.to_le_bytes()),
                "its header promises 2 points of 20 bytes, 40 bytes, and 0",
            ),
            (
                with(96, &0_u32.to_le_bytes()),
                "byte 96: its points start at byte 0",
            ),
            (with(104, &[11]), "byte 104: point format 11"),
            (with(104, &[128]), "is a compressed LAS (LAZ)"),
            (
                with(105, &19_u16.to_le_bytes()),
                "byte 105: points of 19 bytes",
            ),
            (
                with(131, &f64::NAN.to_le_bytes()),
                "byte 131: scale [NaN, 0.0001, 0.0001]",
            ),
            (
                with(131, &1e300_f64.to_le_bytes()),
                "point 1: x = 81200000000000",
            ),
            (written()[..100].to_vec(), "its LAS header is damaged: "),
            (b"LASX".to_vec(), "its LAS header is damaged: "),
        ] {
            let message = refusal("a.las", &bytes);
            assert!(message.starts_with(expected), "{message}");
        }
        let mut large = with(24, &[1, 4]);
        large[107..111].fill(0);
        large.resize(400, 0);
        large[94..96].copy_from_slice(&375_u16.to_le_bytes());
        large[96..100].copy_from_slice(&375_u32.to_le_bytes());
        large[247..255].copy_from_slice(&(1_u64 << 40).to_le_bytes());
        let message = refusal("a.las", &large);
        assert!(
            message.starts_with("its header promises 1099511627776 points"),
            "{message}"
        );
    }
}
