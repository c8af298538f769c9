//! DXF with POINT entities, in the four dialects that etching machines and CAD programs read.
//!
//! `cockpit` and `venus3d` follow, byte for byte, what the exporters of those names write: no
//! version, no tables, handles that count in decimal, two decimals trimmed, and the quirks `0 /
//! $EXTMAX` and no newline at the end. `r12` and `ac1015` are clean files of AutoCAD's releases 12
//! and 2000 for any CAD program.
//!
//! # Source
//!
//! AutoCAD 2000 DXF Reference (Autodesk); the samples of Cockpit3D and Venus3D exports that the
//! layouts were taken from are described in the open repository Arctic-Crystal-Memories-Pipeline,
//! `pipeline-converter/docs/format-notes.md`.

use std::io::{self, Write};

use super::digits::{Cursor, LONGEST, Stamp};
use super::dxf_skeleton as skeleton;
use super::stream::{points_in, write_points};
use crate::cloud::Cloud;
use crate::settings::DxfDialect;

/// First handle of the points in `ac1015`; the skeleton's own handles lie below.
const FIRST_HANDLE: u64 = 0x100;

/// Writes the cloud in a dialect. `comments` become groups 999 where the dialect has room for them.
pub(super) fn write(
    cloud: &Cloud,
    dialect: DxfDialect,
    comments: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    match dialect {
        DxfDialect::Cockpit => write_bare(cloud, "VWX", out),
        DxfDialect::Venus3d => write_bare(cloud, "Venus3D", out),
        DxfDialect::R12 => write_r12(cloud, comments, out),
        DxfDialect::Ac1015 => write_ac1015(cloud, comments, out),
    }
}

fn write_bare(cloud: &Cloud, layer: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(pairs(skeleton::BARE_HEAD).as_bytes())?;
    let before = Stamp::new(&(pairs(&format!("0 POINT\n8 {layer}")) + "5\n"));
    let longest = Stamp::LONGEST + 4 * LONGEST + 16;
    write_points(cloud.len(), longest, out, |range, cursor| {
        let first = range.start as u64 + 1;
        for (handle, [x, y, z]) in (first..).zip(points_in(cloud, range)) {
            cursor.stamp(&before);
            cursor.integer(handle);
            cursor.text(b"\n10\n");
            cursor.trimmed2(x);
            cursor.text(b"\n20\n");
            cursor.trimmed2(y);
            cursor.text(b"\n30\n");
            cursor.trimmed2(z);
            cursor.text(b"\n");
        }
    })?;
    // The original ends without a newline.
    out.write_all(b"0\nENDSEC\n0\nEOF")
}

fn write_r12(cloud: &Cloud, comments: &[String], out: &mut dyn Write) -> io::Result<()> {
    let head = remarks(comments) + &pairs(&with_extents(skeleton::R12_HEAD, cloud));
    out.write_all(head.as_bytes())?;
    let before = Stamp::new(&(pairs("0 POINT\n8 ETCH") + "10\n"));
    write_clean_points(cloud, out, |_, cursor| cursor.stamp(&before))?;
    out.write_all(pairs(skeleton::R12_TAIL).as_bytes())
}

fn write_ac1015(cloud: &Cloud, comments: &[String], out: &mut dyn Write) -> io::Result<()> {
    let seed = format!("{:X}", FIRST_HANDLE + cloud.len() as u64);
    let head = with_extents(skeleton::AC1015_HEAD, cloud).replace("{handseed}", &seed);
    out.write_all((remarks(comments) + &pairs(&head)).as_bytes())?;
    let before = Stamp::new(&(pairs("0 POINT") + "5\n"));
    let between = Stamp::new(&("\n".to_owned() + &pairs(skeleton::AC1015_POINT) + "10\n"));
    write_clean_points(cloud, out, |index, cursor| {
        cursor.stamp(&before);
        cursor.hexadecimal(FIRST_HANDLE + index);
        cursor.stamp(&between);
    })?;
    out.write_all(pairs(skeleton::AC1015_TAIL).as_bytes())
}

/// Points with four decimals trimmed; `before` pushes everything up to the first coordinate.
fn write_clean_points(
    cloud: &Cloud,
    out: &mut dyn Write,
    before: impl Fn(u64, &mut Cursor<'_>) + Sync,
) -> io::Result<()> {
    let longest = 2 * Stamp::LONGEST + 4 * LONGEST + 12;
    write_points(cloud.len(), longest, out, |range, cursor| {
        let first = range.start as u64;
        for (index, [x, y, z]) in (first..).zip(points_in(cloud, range)) {
            before(index, cursor);
            cursor.trimmed4(x);
            cursor.text(b"\n20\n");
            cursor.trimmed4(y);
            cursor.text(b"\n30\n");
            cursor.trimmed4(z);
            cursor.text(b"\n");
        }
    })
}

/// Group code and value on a line each, from skeletons that have both on one line.
fn pairs(skeleton: &str) -> String {
    let mut text = String::with_capacity(skeleton.len() + 1);
    for line in skeleton.lines() {
        let (code, value) = line.split_once(' ').unwrap_or((line, ""));
        text.extend([code, "\n", value, "\n"]);
    }
    text
}

/// Comments as groups 999, which every reader skips.
fn remarks(comments: &[String]) -> String {
    comments
        .iter()
        .map(|comment| format!("999\n{}\n", super::one_line(comment)))
        .collect()
}

/// The skeleton with the extents of the points as written; zeros without points.
fn with_extents(skeleton: &str, cloud: &Cloud) -> String {
    let (low, high) = cloud.bounds().unwrap_or_default();
    let mut text = skeleton.to_owned();
    for (name, corner) in [("{extmin}", low), ("{extmax}", high)] {
        let [x, y, z] = corner.map(|value| {
            let mut buffer = [0; LONGEST];
            let mut cursor = Cursor::new(&mut buffer);
            cursor.trimmed4(value);
            let length = cursor.len();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        });
        text = text.replace(name, &format!("10 {x}\n20 {y}\n30 {z}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(cloud: &Cloud, dialect: DxfDialect) -> String {
        let mut out = Vec::new();
        write(cloud, dialect, &["made by a test".to_owned()], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn two_points() -> Cloud {
        let mut cloud = Cloud::default();
        cloud.push([8.12, -47.18, -10.78]);
        cloud.push([8.0, 7.5, -0.001]);
        cloud
    }

    #[test]
    fn cockpit_is_its_exporters_file_byte_for_byte() {
        let expected = "0\nSECTION\n2\nHEADER\n9\n$EXTMIN\n10\n0.0\n20\n0.0\n30\n0.0\n\
            0\n$EXTMAX\n10\n0.0\n20\n0.0\n30\n0.0\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n\
            0\nPOINT\n8\nVWX\n5\n1\n10\n8.12\n20\n-47.18\n30\n-10.78\n\
            0\nPOINT\n8\nVWX\n5\n2\n10\n8.0\n20\n7.5\n30\n0.0\n\
            0\nENDSEC\n0\nEOF";
        assert_eq!(text_of(&two_points(), DxfDialect::Cockpit), expected);
        assert_eq!(
            text_of(&two_points(), DxfDialect::Venus3d),
            expected.replace("VWX", "Venus3D")
        );
    }

    #[test]
    fn every_dialect_has_whole_pairs_and_an_end() {
        for dialect in [DxfDialect::R12, DxfDialect::Ac1015] {
            for cloud in [Cloud::default(), two_points()] {
                let text = text_of(&cloud, dialect);
                assert_eq!(text.lines().count() % 2, 0);
                assert!(text.ends_with("0\nEOF\n"), "{text}");
                assert!(
                    text.lines()
                        .step_by(2)
                        .all(|code| code.parse::<u32>().is_ok())
                );
                assert!(!text.contains('{'), "{text}");
            }
        }
    }

    #[test]
    fn clean_dialects_tell_the_true_extents() {
        for dialect in [DxfDialect::R12, DxfDialect::Ac1015] {
            let text = text_of(&two_points(), dialect);
            assert!(
                text.contains("9\n$EXTMIN\n10\n8.0\n20\n-47.18\n30\n-10.78\n"),
                "{text}"
            );
            assert!(
                text.contains("9\n$EXTMAX\n10\n8.12\n20\n7.5\n30\n-0.001\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn handles_of_ac1015_are_unique_and_below_the_seed() {
        let text = text_of(&two_points(), DxfDialect::Ac1015);
        let lines: Vec<&str> = text.lines().collect();
        let handles: Vec<u64> = lines
            .chunks(2)
            .skip_while(|pair| pair[1] != "TABLES")
            .filter(|pair| pair[0] == "5" || pair[0] == "105")
            .map(|pair| u64::from_str_radix(pair[1], 16).unwrap())
            .collect();
        let mut unique = handles.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), handles.len(), "{handles:X?}");
        let seed = lines.iter().position(|line| *line == "$HANDSEED").unwrap() + 2;
        let seed = u64::from_str_radix(lines[seed], 16).unwrap();
        assert!(handles.iter().all(|&handle| handle < seed));
        assert!(handles.contains(&(FIRST_HANDLE + 1)));
    }
}
