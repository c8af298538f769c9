//! Meshes from OBJ, STL and PLY files; coordinates are taken as millimetres.

use std::io::{BufReader, Cursor};
use std::path::Path;

use ply_rs::parser::{Parser, Reader};
use ply_rs::ply::{Property, PropertyAccess, PropertyAccessResult};

use super::mesh::Triangles;

/// Most faces of a mesh. Distances to ten million faces would take minutes to prepare; crystals
/// are drawn with some thousands.
const MOST_FACES: usize = 2_000_000;

/// The mesh in the bytes of a file, by the file's extension, or what is wrong with it.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Triangles, String> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let mesh = match extension.to_str() {
        Some("obj") => obj(bytes)?,
        Some("stl") => stl(bytes)?,
        _ => ply(bytes)?,
    };
    if mesh.triangles.is_empty() {
        return Err("holds no faces".to_owned());
    }
    if mesh.triangles.len() > MOST_FACES {
        let count = mesh.triangles.len();
        return Err(format!("has {count} faces, more than {MOST_FACES}"));
    }
    let corners = mesh.corners.len() as u64;
    if mesh
        .triangles
        .iter()
        .flatten()
        .any(|&corner| u64::from(corner) >= corners)
    {
        return Err(format!(
            "has a face with a corner beyond the {corners} that it holds"
        ));
    }
    let finite = |corner: &[f64; 3]| corner.iter().all(|value| value.abs() < 1e9);
    if !mesh.corners.iter().all(finite) {
        return Err("has a corner that is not a finite place".to_owned());
    }
    Ok(mesh)
}

fn obj(bytes: &[u8]) -> Result<Triangles, String> {
    let options = tobj::LoadOptions {
        triangulate: true,
        ignore_lines: true,
        ignore_points: true,
        ..tobj::LoadOptions::default()
    };
    // Materials are in other files, and mean nothing here.
    let no_materials = |_: &Path| Ok((Vec::new(), Default::default()));
    let (models, _) = tobj::load_obj_buf(&mut Cursor::new(bytes), &options, no_materials)
        .map_err(|error| error.to_string().to_lowercase())?;
    let mut mesh = Triangles::default();
    for model in models {
        let first = mesh.corners.len() as u32;
        let corners = model.mesh.positions.chunks_exact(3);
        mesh.corners.extend(corners.map(|p| [p[0], p[1], p[2]]));
        let faces = model.mesh.indices.chunks_exact(3);
        mesh.triangles
            .extend(faces.map(|f| [f[0] + first, f[1] + first, f[2] + first]));
    }
    Ok(mesh)
}

fn stl(bytes: &[u8]) -> Result<Triangles, String> {
    let mut source = Cursor::new(bytes);
    let reader = stl_io::create_stl_reader(&mut source).map_err(|error| error.to_string())?;
    let mut mesh = Triangles::default();
    for face in reader {
        let face = face.map_err(|error| error.to_string())?;
        let first = mesh.corners.len() as u32;
        let corners = face.vertices.iter();
        mesh.corners
            .extend(corners.map(|corner| corner.0.map(f64::from)));
        mesh.triangles.push([first, first + 1, first + 2]);
        if mesh.triangles.len() > MOST_FACES {
            break;
        }
    }
    Ok(mesh)
}

struct Corner([f64; 3]);

impl PropertyAccess for Corner {
    fn new() -> Self {
        Self([f64::NAN; 3])
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        let axis = match name {
            "x" => 0,
            "y" => 1,
            "z" => 2,
            _ => return PropertyAccessResult::Ignored,
        };
        match property {
            Property::Float(value) => self.0[axis] = f64::from(value),
            Property::Double(value) => self.0[axis] = value,
            _ => return PropertyAccessResult::Ignored,
        }
        PropertyAccessResult::Set
    }
}

struct Face(Vec<i64>);

impl PropertyAccess for Face {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        if !matches!(name, "vertex_indices" | "vertex_index") {
            return PropertyAccessResult::Ignored;
        }
        self.0 = match property {
            Property::ListChar(list) => list.into_iter().map(i64::from).collect(),
            Property::ListUChar(list) => list.into_iter().map(i64::from).collect(),
            Property::ListShort(list) => list.into_iter().map(i64::from).collect(),
            Property::ListUShort(list) => list.into_iter().map(i64::from).collect(),
            Property::ListInt(list) => list.into_iter().map(i64::from).collect(),
            Property::ListUInt(list) => list.into_iter().map(i64::from).collect(),
            _ => return PropertyAccessResult::Ignored,
        };
        PropertyAccessResult::Set
    }
}

/// Anything else in a PLY file.
struct Other;

impl PropertyAccess for Other {
    fn new() -> Self {
        Self
    }
}

fn ply(bytes: &[u8]) -> Result<Triangles, String> {
    let mut reader = Reader::new(BufReader::new(bytes));
    let text = |error: ply_rs::parser::ParseError| error.to_string();
    let header = Parser::<Other>::new()
        .read_header(&mut reader)
        .map_err(text)?;
    let mut mesh = Triangles::default();
    for (_, element) in &header.elements {
        match element.name.as_str() {
            "vertex" => {
                let corners = Parser::<Corner>::new();
                let corners = corners.read_payload_for_element(&mut reader, element, &header);
                mesh.corners = corners.map_err(text)?.into_iter().map(|c| c.0).collect();
            }
            "face" => {
                let faces = Parser::<Face>::new();
                let faces = faces.read_payload_for_element(&mut reader, element, &header);
                for Face(corners) in faces.map_err(text)? {
                    // A fan; faces with more than three corners are flat and convex in practice.
                    for pair in corners.get(1..).unwrap_or_default().windows(2) {
                        let face = [corners[0], pair[0], pair[1]];
                        let face = face.map(|corner| u32::try_from(corner).unwrap_or(u32::MAX));
                        mesh.triangles.push(face);
                    }
                }
            }
            _ => {
                let others = Parser::<Other>::new();
                let others = others.read_payload_for_element(&mut reader, element, &header);
                others.map_err(text)?;
            }
        }
    }
    Ok(mesh)
}

#[cfg(test)]
mod tests {
    use super::super::mesh::{Mesh, tests::cuboid};
    use super::*;

    fn parsed(name: &str, bytes: &[u8]) -> Result<f64, String> {
        let mesh = Mesh::new(&parse(Path::new(name), bytes)?)?;
        Ok(mesh.clearance_mm([0.0; 3]))
    }

    fn obj_text() -> String {
        let mesh = cuboid(20.0, 12.0, 6.0);
        let corners = mesh.corners.iter();
        let mut text: String = corners
            .map(|[x, y, z]| format!("v {x} {y} {z}\n"))
            .collect();
        for [a, b, c] in mesh.triangles {
            text += &format!("f {}/1/1 {}/1/1 {}/1/1\n", a + 1, b + 1, c + 1);
        }
        text
    }

    fn stl_bytes() -> Vec<u8> {
        let mesh = cuboid(20.0, 12.0, 6.0);
        let mut bytes = vec![b' '; 80];
        bytes.extend((mesh.triangles.len() as u32).to_le_bytes());
        for face in &mesh.triangles {
            bytes.extend([0; 12]);
            for value in face.iter().flat_map(|&c| mesh.corners[c as usize]) {
                bytes.extend((value as f32).to_le_bytes());
            }
            bytes.extend([0; 2]);
        }
        bytes
    }

    fn ply_text() -> String {
        let mesh = cuboid(20.0, 12.0, 6.0);
        let mut text =
            "ply\nformat ascii 1.0\nelement vertex 8\nproperty float x\nproperty float y\n\
            property double z\nproperty uchar red\nelement face 6\n\
            property list uchar uint vertex_indices\nend_header\n"
                .to_owned();
        for [x, y, z] in mesh.corners {
            text += &format!("{x} {y} {z} 255\n");
        }
        for quad in mesh.triangles.chunks(2) {
            text += &format!(
                "4 {} {} {} {}\n",
                quad[0][0], quad[0][1], quad[0][2], quad[1][2]
            );
        }
        text
    }

    #[test]
    fn the_same_box_comes_from_every_format() {
        assert_eq!(parsed("a.ply", ply_text().as_bytes()), Ok(3.0));
        assert_eq!(parsed("a.STL", &stl_bytes()), Ok(3.0));
        let text = obj_text().replace("f 1/1/1", "# comment\no part\nusemtl glass\nf -8");
        let with_normals = format!("mtllib none.mtl\nvt 0 0\nvn 0 0 1\n{}", obj_text());
        assert_eq!(parsed("a.obj", with_normals.as_bytes()), Ok(3.0));
        assert!(
            parsed("a.obj", text.as_bytes()).is_ok(),
            "{:?}",
            parsed("a.obj", text.as_bytes())
        );
    }

    #[test]
    fn damaged_files_are_refused() {
        let stl = stl_bytes();
        for length in [0, 10, 83, 84, 100, stl.len() - 1] {
            assert!(
                parsed("a.stl", &stl[..length]).is_err(),
                "{length} bytes of STL"
            );
        }
        let ply = ply_text();
        for length in [0, 3, 40, 200, ply.len() - 30] {
            assert!(
                parsed("a.ply", &ply.as_bytes()[..length]).is_err(),
                "{length} bytes of PLY"
            );
        }
        for (from, to) in [
            ("vertex 8", "vertex 1099511627776"),
            ("4 0 2 3 1", "4 0 2 3 99"),
            ("4 0 2 3 1", "4 0 2 3 -1"),
            ("-10 -6 -3", "nan -6 -3"),
        ] {
            assert!(ply.contains(from));
            assert!(
                parsed("a.ply", ply.replace(from, to).as_bytes()).is_err(),
                "{to}"
            );
        }
        for text in [
            "",
            "hello",
            "v 1 2\nf 1 2 3",
            "v 0 0 0\nf 1 2 3\n",
            "f 1 1 1\n",
            "v 1 2 x\n",
        ] {
            assert!(parsed("a.obj", text.as_bytes()).is_err(), "{text}");
        }
    }
}
