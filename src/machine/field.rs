//! Jobs larger than the field: one cloud a field, and a manifest that says where each belongs.
//!
//! The cloud is cut, not sampled anew, so that the points of all tiles together are those of the
//! whole job: nothing overlaps and nothing is missing. What can show is the error with which the
//! blank is moved between two fields, as a bright or dark line along a straight border. Borders
//! therefore wander, differently at every depth: seen from the front the error is spread over
//! twice the wander and over all layers. Mixing the points of both sides at random would spread
//! it as well, but leave far more pairs whose distance depends on how well the blank was moved.
//!
//! Not promised: deepest first across tiles. Near a border, shallow points of a finished tile lie
//! in the cone of light of the next one's deep points.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Machine;
use crate::cloud::{Cloud, decimal};
use crate::error::{Error, Result};
use crate::random;

/// The part of a job that is etched without moving the blank.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldTile {
    /// Column from the left, from 0.
    pub column: u32,
    /// Row from the bottom, from 0.
    pub row: u32,
    /// The place of the blank that has to lie in the middle of the field, mm.
    pub centre_mm: [f64; 2],
    /// The points in the order of the whole job, counted from `centre_mm`.
    pub cloud: Cloud,
}

/// Which files make up a job, and where the blank lies for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Name of the machine.
    pub machine: String,
    /// Width and height of its field, mm.
    pub field_mm: [f64; 2],
    /// Points of all tiles.
    pub points: u64,
    /// The tiles, in the order in which they are etched.
    pub tiles: Vec<ManifestTile>,
}

/// One file of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestTile {
    /// The file.
    pub file: String,
    /// Column from the left, from 1, as in the name of the file.
    pub column: u32,
    /// Row from the bottom, from 1.
    pub row: u32,
    /// The place of the blank that has to lie in the middle of the field, mm.
    pub centre_mm: [f64; 2],
    /// Number of points.
    pub points: u64,
    /// Least corner of the points' box in the blank, mm.
    pub least_mm: [f64; 3],
    /// Largest corner of the points' box in the blank, mm.
    pub most_mm: [f64; 3],
}

impl Manifest {
    /// The manifest in a file; `None` where there is none, or something else.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        // A manifest has some kilobytes; anything above this is not one.
        const LARGEST_BYTES: u64 = 1 << 20;
        let length = fs::metadata(path).ok()?.len();
        let bytes = (length <= LARGEST_BYTES).then(|| fs::read(path).ok())?;
        serde_json::from_slice(&bytes?).ok()
    }
}

impl FieldTile {
    /// Points around the field's middle, in our frame, where they lie in the blank.
    #[must_use]
    pub fn in_blank(&self, cloud: &Cloud) -> Cloud {
        moved(cloud, self.centre_mm)
    }
}

impl ManifestTile {
    /// What the manifest beside a part of a job says of it; `None` for files that are no such parts, or have other
    /// points than the part that the manifest tells of.
    #[must_use]
    pub fn of(file: &Path, points: u64) -> Option<Self> {
        let (whole, place) = file.file_stem()?.to_str()?.rsplit_once("-c")?;
        let (column, row) = place.split_once('r')?;
        let number = |text: &str| text.parse::<u32>().ok();
        number(column).zip(number(row))?;
        let mut output = OsString::from(whole);
        if let Some(extension) = file.extension() {
            output.push(".");
            output.push(extension);
        }
        let manifest = Manifest::read(&manifest_path(&file.with_file_name(output)))?;
        let name = file.file_name()?.to_str()?;
        let tile = manifest.tiles.into_iter().find(|tile| tile.file == name)?;
        (tile.points == points).then_some(tile)
    }

    /// Points around the field's middle, in our frame, where they lie in the blank.
    #[must_use]
    pub fn in_blank(&self, cloud: &Cloud) -> Cloud {
        moved(cloud, self.centre_mm)
    }
}

fn moved(cloud: &Cloud, [x_mm, y_mm]: [f64; 2]) -> Cloud {
    let by = |values: &[f32], by_mm: f64| -> Vec<f32> {
        let values = values.iter();
        values
            .map(|&value| (decimal(value) + by_mm) as f32)
            .collect()
    };
    let (x, y) = (by(cloud.x_mm(), x_mm), by(cloud.y_mm(), y_mm));
    Cloud::from_arrays(x, y, cloud.z_mm().to_vec()).expect("as many as before")
}

/// The file of a tile: `heart.dxf` becomes `heart-c2r1.dxf`.
pub(crate) fn tile_path(output: &Path, tile: Option<[u32; 2]>) -> PathBuf {
    let Some([column, row]) = tile else {
        return output.to_owned();
    };
    let mut name = output.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-c{column}r{row}"));
    if let Some(extension) = output.extension() {
        name.push(".");
        name.push(extension);
    }
    output.with_file_name(name)
}

/// The manifest beside an output: `heart.dxf` has `heart.dxf.manifest.json`.
pub(crate) fn manifest_path(output: &Path) -> PathBuf {
    let mut name = output.file_name().unwrap_or_default().to_owned();
    name.push(".manifest.json");
    output.with_file_name(name)
}

/// How far a border wanders to either side, mm. An assumption: ten times what a stage misses.
const WANDER_MM: f64 = 0.5;

/// ... but at most this fraction of the field.
const WANDER_FRACTION: f64 = 0.02;

/// Length along the border over which its place is kept, mm: long against the spacing, so that the
/// border stays a line with few pairs of points across it.
const WAVE_MM: f64 = 3.0;

/// The same along the beam: about a layer, so that layers wander on their own.
const WAVE_Z_MM: f64 = 0.1;

/// Centres lie on the grid of the coarsest file, so that counting from them moves no point.
const CENTRE_GRID_MM: f64 = 0.01;

/// More tiles than this are a slip in the size of the field.
const MOST_TILES: f64 = 1024.0;

/// How one axis is divided.
#[derive(Clone, Copy, Debug)]
struct Division {
    /// Which axis; also the stream of randomness.
    axis: usize,
    least_mm: f64,
    pitch_mm: f64,
    count: u32,
    wander_mm: f64,
}

impl Division {
    /// Divides `least..most` into as few tiles as fit into `field_mm`.
    fn new(axis: usize, least_mm: f64, most_mm: f64, field_mm: f64) -> Self {
        let half = field_mm / 2.0;
        let one = |least_mm: f64, pitch_mm: f64| Self {
            axis,
            least_mm,
            pitch_mm,
            count: 1,
            wander_mm: 0.0,
        };
        if -least_mm <= half && most_mm <= half {
            // Fits where it is: the blank stays in the middle.
            return one(-half, field_mm);
        }
        let extent_mm = most_mm - least_mm;
        // Rounding of the centre may cost half a step of its grid on either side.
        let room_mm = field_mm - CENTRE_GRID_MM;
        if extent_mm <= room_mm {
            return one(least_mm, extent_mm);
        }
        let wander_mm = WANDER_MM.min(WANDER_FRACTION * field_mm);
        let count = (extent_mm / (room_mm - 2.0 * wander_mm)).ceil();
        Self {
            axis,
            least_mm,
            pitch_mm: extent_mm / count,
            count: count.min(MOST_TILES + 1.0) as u32,
            wander_mm,
        }
    }

    fn centre_mm(self, tile: u32) -> f64 {
        let centre = self.least_mm + (f64::from(tile) + 0.5) * self.pitch_mm;
        (centre / CENTRE_GRID_MM).round() * CENTRE_GRID_MM
    }

    /// The tile of a point at `place` along this axis and `beside` along the other.
    fn tile(self, place: f64, beside: f64, z: f64) -> u32 {
        if self.count == 1 {
            return 0;
        }
        // The nearest border decides; it wanders far less than half a pitch.
        let border = ((place - self.least_mm) / self.pitch_mm)
            .round()
            .clamp(1.0, f64::from(self.count - 1));
        let stream = border as u64 * 2 + self.axis as u64;
        let shift_mm = self.wander_mm * wave(stream, beside / WAVE_MM, z / WAVE_Z_MM);
        let border_mm = self.least_mm + border * self.pitch_mm + shift_mm;
        let before = border as u32 - 1;
        before + u32::from(place >= border_mm)
    }
}

/// Smooth noise from -1 to 1, with a value of its own at each pair of whole numbers.
fn wave(stream: u64, u: f64, v: f64) -> f64 {
    let (u0, v0) = (u.floor(), v.floor());
    let value = |i: f64, j: f64| {
        let node = ((u0 + i) as i64 as u64) << 32 ^ ((v0 + j) as i64 as u64 & 0xFFFF_FFFF);
        f64::from(random::unit(0x5EA7 ^ stream << 32, node)) * 2.0 - 1.0
    };
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (s, t) = (ease(u - u0), ease(v - v0));
    let low = value(0.0, 0.0) * (1.0 - s) + value(1.0, 0.0) * s;
    let high = value(0.0, 1.0) * (1.0 - s) + value(1.0, 1.0) * s;
    low * (1.0 - t) + high * t
}

impl Machine {
    /// Cuts a cloud into tiles that fit the machine's field, row after row from the bottom, every
    /// other row backwards; tiles without points are left out. A cloud that fits makes one tile.
    ///
    /// Order each tile again afterwards: the part of a short tour is not a short tour.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if more than 1024 tiles would be needed.
    ///
    /// # Guarantees
    ///
    /// - Every point is in exactly one tile, and in it within the field.
    pub fn field_tiles(&self, cloud: &Cloud) -> Result<Vec<FieldTile>> {
        let Some((least, most)) = cloud.bounds() else {
            return Ok(Vec::new());
        };
        let divide = |axis: usize| {
            let (least, most) = (f64::from(least[axis]), f64::from(most[axis]));
            Division::new(axis, least, most, self.field_mm[axis])
        };
        let (columns, rows) = (divide(0), divide(1));
        if f64::from(columns.count) * f64::from(rows.count) > MOST_TILES {
            return Err(Error::setting(
                "--machine",
                &self.name,
                format!(
                    "has a field of {} x {} mm, and the job would need more than {MOST_TILES} of them",
                    self.field_mm[0], self.field_mm[1]
                ),
                "correct the field in the machine's file, or choose a smaller blank",
            ));
        }
        let tiles: Vec<u32> = (0..cloud.len())
            .into_par_iter()
            .map(|index| {
                let [x, y, z] = cloud.point(index).map(f64::from);
                rows.tile(y, x, z) * columns.count + columns.tile(x, y, z)
            })
            .collect();
        let mut members = vec![Vec::new(); (columns.count * rows.count) as usize];
        for (index, &tile) in tiles.iter().enumerate() {
            members[tile as usize].push(index as u32);
        }
        let mut out = Vec::new();
        for row in 0..rows.count {
            for step in 0..columns.count {
                let backwards = row % 2 == 1;
                let column = if backwards {
                    columns.count - 1 - step
                } else {
                    step
                };
                let indices = &members[(row * columns.count + column) as usize];
                if !indices.is_empty() {
                    let centre_mm = [columns.centre_mm(column), rows.centre_mm(row)];
                    out.push(FieldTile {
                        column,
                        row,
                        centre_mm,
                        cloud: around(&cloud.permuted(indices), centre_mm),
                    });
                }
            }
        }
        Ok(out)
    }
}

/// The cloud counted from `centre_mm`.
fn around(cloud: &Cloud, centre_mm: [f64; 2]) -> Cloud {
    let from = |values: &[f32], centre: f64| -> Vec<f32> {
        let shifted = values.iter().map(|&value| (decimal(value) - centre) as f32);
        shifted.collect()
    };
    let (x, y) = (
        from(cloud.x_mm(), centre_mm[0]),
        from(cloud.y_mm(), centre_mm[1]),
    );
    Cloud::from_arrays(x, y, cloud.z_mm().to_vec()).expect("as many as before")
}

impl Manifest {
    /// The manifest of `tiles`; `file` gives the name of each one's file.
    #[must_use]
    pub fn new(
        machine: &Machine,
        tiles: &[FieldTile],
        file: impl Fn(&FieldTile) -> String,
    ) -> Self {
        let tiles: Vec<ManifestTile> = tiles
            .iter()
            .map(|tile| {
                let (least, most) = tile.cloud.bounds().unwrap_or_default();
                let [x, y] = tile.centre_mm;
                let in_blank = |corner: [f32; 3]| {
                    let [cx, cy, cz] = corner.map(f64::from);
                    [cx + x, cy + y, cz]
                };
                ManifestTile {
                    file: file(tile),
                    column: tile.column + 1,
                    row: tile.row + 1,
                    centre_mm: tile.centre_mm,
                    points: tile.cloud.len() as u64,
                    least_mm: in_blank(least),
                    most_mm: in_blank(most),
                }
            })
            .collect();
        Self {
            machine: machine.name.clone(),
            field_mm: machine.field_mm,
            points: tiles.iter().map(|tile| tile.points).sum(),
            tiles,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn machine(field_mm: [f64; 2]) -> Machine {
        Machine {
            field_mm,
            ..Machine::find("green-532").unwrap()
        }
    }

    /// Points on the 0.01 mm grid of a file.
    fn cloud(count: u64, seed: u64, width_mm: f32, height_mm: f32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            let at = |stream, side: f32| {
                let value = (random::unit(seed + stream, i) - 0.5) * side;
                (f64::from((value * 100.0).round()) / 100.0) as f32
            };
            cloud.push([at(1000, width_mm), at(2000, height_mm), at(3000, 3.0)]);
        }
        cloud
    }

    /// Hundredths of a millimetre, so that shifted points can be compared exactly.
    fn key([x, y, z]: [f32; 3], [cx, cy]: [f64; 2]) -> [i64; 3] {
        let hundredths = |value: f64| (value * 100.0).round() as i64;
        [f64::from(x) + cx, f64::from(y) + cy, f64::from(z)].map(hundredths)
    }

    #[test]
    fn tiles_and_manifests_have_names_beside_their_output() {
        let output = Path::new("jobs/heart.v2.dxf");
        let tile = tile_path(output, Some([2, 1]));
        assert_eq!(tile, Path::new("jobs/heart.v2-c2r1.dxf"));
        assert_eq!(tile_path(output, None), output);
        let manifest = manifest_path(output);
        assert_eq!(manifest, Path::new("jobs/heart.v2.dxf.manifest.json"));
        for other in [
            "heart.dxf",
            "heart-c2r1.dxf",
            "heart-c2.dxf",
            "heart-cr.dxf",
            "-c1r1",
        ] {
            assert_eq!(ManifestTile::of(Path::new(other), 1), None, "{other}");
        }
    }

    #[test]
    fn a_job_that_fits_stays_in_one_piece_where_it_is() {
        let cloud = cloud(100, 1, 50.0, 40.0);
        let tiles = machine([60.0, 60.0]).field_tiles(&cloud).unwrap();
        assert_eq!(tiles.len(), 1);
        assert_eq!((tiles[0].centre_mm, &tiles[0].cloud), ([0.0, 0.0], &cloud));
        assert!(
            machine([60.0, 60.0])
                .field_tiles(&Cloud::default())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn borders_wander_with_depth() {
        let cloud = cloud(200_000, 1, 50.0, 5.0);
        let tiles = machine([30.0, 30.0]).field_tiles(&cloud).unwrap();
        assert_eq!(tiles.len(), 2);
        let right_end = |depth: f32| {
            let points = tiles[0]
                .cloud
                .points()
                .filter(|p| (p[2] - depth).abs() < 0.02);
            points.fold(f32::MIN, |most, [x, ..]| most.max(x))
        };
        let ends: Vec<f32> = (-10..10).map(|i| right_end(0.1 * i as f32)).collect();
        let spread = ends.iter().copied().fold(f32::MIN, f32::max)
            - ends.iter().copied().fold(f32::MAX, f32::min);
        assert!(spread > 0.1, "{ends:?}");
    }

    #[test]
    fn tiles_follow_each_other_without_long_ways() {
        let cloud = cloud(5000, 1, 50.0, 50.0);
        let tiles = machine([30.0, 30.0]).field_tiles(&cloud).unwrap();
        let places: Vec<_> = tiles.iter().map(|tile| (tile.column, tile.row)).collect();
        assert_eq!(places, [(0, 0), (1, 0), (1, 1), (0, 1)]);
    }

    #[test]
    fn a_manifest_reads_back_as_written() {
        let cloud = cloud(5000, 1, 50.0, 50.0);
        let machine = machine([30.0, 60.0]);
        let tiles = machine.field_tiles(&cloud).unwrap();
        let name = |tile: &FieldTile| format!("heart-{}-{}.dxf", tile.column, tile.row);
        let manifest = Manifest::new(&machine, &tiles, name);
        assert_eq!(manifest.points, 5000);
        assert_eq!(manifest.tiles[1].file, "heart-1-0.dxf");
        let text = serde_json::to_string(&manifest).unwrap();
        assert_eq!(serde_json::from_str::<Manifest>(&text).unwrap(), manifest);
    }

    #[test]
    fn absurd_fields_are_refused_in_one_line() {
        let cloud = cloud(100, 1, 500.0, 500.0);
        let fault = machine([1.0, 1.0])
            .field_tiles(&cloud)
            .unwrap_err()
            .to_string();
        assert!(
            fault.contains("1 x 1 mm") && !fault.contains('\n'),
            "{fault}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_point_is_in_one_tile_and_within_its_field(
            count in 1u64..2000,
            seed in 0u64..1000,
            width_mm in 1.0f32..120.0,
            height_mm in 1.0f32..120.0,
            field_x in 5.0f64..80.0,
            field_y in 5.0f64..80.0,
        ) {
            let cloud = cloud(count, seed, width_mm, height_mm);
            let tiles = machine([field_x, field_y]).field_tiles(&cloud).unwrap();
            let mut all = Vec::new();
            for tile in &tiles {
                for point in tile.cloud.points() {
                    // f32 holds coordinates below 128 mm to 8e-6 mm.
                    prop_assert!(f64::from(point[0]).abs() <= field_x / 2.0 + 1e-5);
                    prop_assert!(f64::from(point[1]).abs() <= field_y / 2.0 + 1e-5);
                    all.push(key(point, tile.centre_mm));
                }
            }
            let mut whole: Vec<_> = cloud.points().map(|point| key(point, [0.0; 2])).collect();
            all.sort_unstable();
            whole.sort_unstable();
            prop_assert_eq!(all, whole);
        }
    }
}
