//! Machine profiles: the built-in table, files of the same form, and the limits on their numbers.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::Table;

use super::Machine;
use super::glass::N_BK7_RANGE_NM;
use crate::error::{Error, Result};
use crate::format::{Format, LARGEST_COORDINATE};

/// The built-in machines, with the source of every number.
const TABLE: &str = include_str!("machines.toml");

/// A profile has some 1.5 kB; anything above this is not one, and is not read to its end.
const LARGEST_FILE: u64 = 1 << 20;

/// Least and largest value of each number. Wide enough for any machine that etches glass; beyond
/// them a value is a slip of the unit.
const LIMITS: [(&str, f64, f64); 16] = [
    ("spacing_xy_mm", 0.005, 10.0),
    ("spacing_z_mm", 0.005, 10.0),
    ("layers", 1.0, 32.0),
    ("rate_hz", 0.1, 1e7),
    ("jump_mm_s", 0.1, 1e6),
    ("settle_ms", 0.0, 1e5),
    ("slab_change_ms", 0.0, 1e6),
    ("field_mm", 1.0, 2000.0),
    ("depth_range_mm", 1.0, 2000.0),
    ("wavelength_nm", N_BK7_RANGE_NM[0], N_BK7_RANGE_NM[1]),
    ("index", 1.0, 3.0),
    ("numerical_aperture", 0.001, 0.95),
    ("origin_mm", -10_000.0, 10_000.0),
    ("decimals", 2.0, 6.0),
    ("largest_count", 1.0, 4_294_967_295.0),
    ("largest_file_mb", 0.001, 1e9),
];

/// All machines of the table.
pub(super) fn built_in() -> Vec<Machine> {
    built_in_tables()
        .into_iter()
        .map(|table| Machine::deserialize(table).expect("a test reads the built-in table"))
        .collect()
}

fn built_in_tables() -> Vec<Table> {
    let table: Table = TABLE.parse().expect("a test reads the built-in table");
    let machines = table["machine"].as_array().expect("`machine` is an array");
    let tables = machines
        .iter()
        .filter_map(|value| value.as_table().cloned());
    tables.collect()
}

/// The machine of that name: a path, a built-in one, or one of the user's folder.
pub(super) fn find(name: &str, folder: Option<&Path>) -> Result<Machine> {
    let is_path = name.contains(['/', '\\'])
        || Path::new(name)
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    if is_path {
        return read(Path::new(name));
    }
    if let Some(machine) = built_in().into_iter().find(|machine| machine.name == name) {
        return Ok(machine);
    }
    let mine = paths_in(folder);
    match mine.iter().find(|path| stem(path) == name) {
        Some(path) => read(path),
        None => {
            let mut known: Vec<String> = built_in().into_iter().map(|m| m.name).collect();
            known.extend(mine.iter().map(|path| stem(path)));
            Err(Error::Unknown {
                kind: "machine",
                name: name.to_owned(),
                known: known.join(", "),
            })
        }
    }
}

/// The machines of the user's folder, by name.
pub(super) fn of_folder(folder: Option<&Path>) -> Result<Vec<Machine>> {
    paths_in(folder).iter().map(|path| read(path)).collect()
}

/// The `.toml` files of a folder, by name; none where there is no folder.
fn paths_in(folder: Option<&Path>) -> Vec<PathBuf> {
    let Some(entries) = folder.and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The machine in a TOML file.
pub(super) fn read(path: &Path) -> Result<Machine> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(Error::content(
            path,
            format!("is larger than {LARGEST_FILE} bytes, which no machine's profile is"),
            "give a TOML file like those in machines.toml",
        ));
    }
    let mut machine = from_text(&text, path)?;
    machine.file = Some(path.to_owned());
    Ok(machine)
}

/// The machine in the text of a TOML file; `path` names it in errors, and gives a name to a machine
/// that has none.
fn from_text(text: &str, path: &Path) -> Result<Machine> {
    const REMEDY: &str = "see `glyptic machines --json` for the keys of a whole profile, or take \
                          the rest from a built-in one: based_on = \"green-532\"";
    let mut own: Table = text.parse().map_err(|fault: toml::de::Error| {
        let line = fault.span().map_or(1, |span| {
            1 + text[..span.start.min(text.len())].matches('\n').count()
        });
        let problem = format!("line {line}: {}", one_line(fault.message()));
        Error::content(path, problem, "write it as TOML: key = value")
    })?;
    let mut whole = match own.remove("based_on") {
        Some(base) => base_table(&base, path)?,
        None => Table::new(),
    };
    // What the file says replaces the base's number, and with it what is said about its source.
    if let Some(sources) = whole
        .get_mut("sources")
        .and_then(|value| value.as_table_mut())
    {
        sources.retain(|field, _| !own.contains_key(field));
    }
    whole.extend(own);
    whole
        .entry("name")
        .or_insert_with(|| toml::Value::String(stem(path)));
    let machine = Machine::deserialize(whole)
        .map_err(|fault| Error::content(path, one_line(&fault.to_string()), REMEDY))?;
    check(&machine, path)?;
    Ok(machine)
}

/// The table of the built-in machine that a profile names as its base.
fn base_table(base: &toml::Value, path: &Path) -> Result<Table> {
    let tables = built_in_tables();
    let found = tables.iter().find(|table| Some(base) == table.get("name"));
    let mut table = found.cloned().ok_or_else(|| {
        let names: Vec<String> = built_in().into_iter().map(|machine| machine.name).collect();
        Error::content(
            path,
            format!("based_on = {base} is no built-in machine"),
            format!("name one of {}", names.join(", ")),
        )
    })?;
    for own in ["name", "title"] {
        table.remove(own);
    }
    Ok(table)
}

/// The library's messages have several lines; ours have one.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every number of a machine, by name.
fn numbers(machine: &Machine) -> Vec<(&'static str, f64)> {
    let mut numbers = vec![
        ("spacing_xy_mm", machine.spacing_xy_mm),
        ("spacing_z_mm", machine.spacing_z_mm),
        ("layers", f64::from(machine.layers)),
        ("rate_hz", machine.rate_hz),
        ("jump_mm_s", machine.jump_mm_s),
        ("settle_ms", machine.settle_ms),
        ("slab_change_ms", machine.slab_change_ms),
        ("depth_range_mm", machine.depth_range_mm),
        ("wavelength_nm", machine.wavelength_nm),
        ("numerical_aperture", machine.numerical_aperture),
    ];
    numbers.extend(machine.field_mm.map(|side| ("field_mm", side)));
    numbers.extend(machine.origin_mm.map(|value| ("origin_mm", value)));
    numbers.extend(machine.index.map(|value| ("index", value)));
    numbers.extend(machine.decimals.map(|n| ("decimals", f64::from(n))));
    numbers.extend(machine.largest_count.map(|n| ("largest_count", n as f64)));
    numbers.extend(machine.largest_file_mb.map(|mb| ("largest_file_mb", mb)));
    numbers
}

fn check(machine: &Machine, path: &Path) -> Result<()> {
    for (field, value) in numbers(machine) {
        let &(_, least, most) = LIMITS
            .iter()
            .find(|(name, ..)| *name == field)
            .expect("every number has its limits");
        if !(least..=most).contains(&value) {
            return Err(Error::content(
                path,
                format!("{field} = {value} does not lie between {least} and {most}"),
                "correct the value, and mind its unit",
            ));
        }
    }
    // What the digits of files are planned for.
    let largest_mm = f64::from(LARGEST_COORDINATE) / machine.units.per_mm();
    let [width_mm, height_mm] = machine.field_mm.map(|side_mm| side_mm / 2.0);
    let reach_mm = [width_mm, height_mm, machine.depth_range_mm];
    for (origin_mm, reach_mm) in machine.origin_mm.iter().zip(reach_mm) {
        if origin_mm.abs() + reach_mm > largest_mm {
            return Err(Error::content(
                path,
                format!(
                    "origin_mm = {origin_mm} brings points beyond {largest_mm} mm, the most that files in its unit \
                     hold"
                ),
                "correct the value, or take other `units`",
            ));
        }
    }
    let format = Format::from_extension(&machine.format, machine.dialect, false);
    format.map_err(|fault| Error::content(path, fault.to_string(), "name a known format"))?;
    let clash = machine.name.is_empty() || machine.name.chars().any(char::is_control);
    if clash || built_in().iter().any(|known| known.name == machine.name) {
        return Err(Error::content(
            path,
            format!(
                "name = {:?} is empty or that of a built-in machine",
                machine.name
            ),
            "give it a name of its own",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Machine> {
        from_text(text, Path::new("mine.toml"))
    }

    fn fault(text: &str) -> String {
        let fault = parse(text).unwrap_err().to_string();
        assert!(!fault.contains('\n'), "{fault}");
        assert!(fault.starts_with("mine.toml: "), "{fault}");
        fault
    }

    #[test]
    fn the_built_in_machines_are_sound_and_every_number_has_a_source() {
        let machines = built_in();
        let names: Vec<&str> = machines.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["green-532", "uv-355-flux", "uv-355-xtool"]);
        for mut machine in machines {
            for (field, _) in numbers(&machine) {
                assert!(
                    machine.sources.contains_key(field),
                    "{}: {field}",
                    machine.name
                );
            }
            for field in machine.sources.keys() {
                let known = LIMITS.iter().any(|(name, ..)| name == field);
                assert!(known || field == "z_compensation", "{field}");
            }
            machine.name.push_str("-copy");
            check(&machine, Path::new("machines.toml")).unwrap();
        }
    }

    #[test]
    fn names_find_machines_and_unknown_ones_list_the_known() {
        let machine = find("green-532", None).unwrap();
        assert_eq!((machine.spacing_xy_mm, machine.spacing_z_mm), (0.08, 0.09));
        assert_eq!(machine.layers, 8);
        assert!((machine.refractive_index() - 1.51947).abs() < 1e-5);
        assert!(machine.is_assumed("jump_mm_s") && !machine.is_assumed("rate_hz"));
        assert_eq!(
            find("red-650", None).unwrap_err().to_string(),
            "unknown machine `red-650`; known: green-532, uv-355-flux, uv-355-xtool"
        );
    }

    #[test]
    fn the_users_folder_is_searched_by_file_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.toml");
        fs::write(&path, "based_on = 'green-532'\nrate_hz = 1200").unwrap();
        let machine = find("shop", Some(folder.path())).unwrap();
        assert_eq!((machine.name.as_str(), machine.rate_hz), ("shop", 1200.0));
        assert_eq!(find(path.to_str().unwrap(), None).unwrap(), machine);
        assert_eq!(of_folder(Some(folder.path())).unwrap(), [machine]);
        let fault = find("shed", Some(folder.path())).unwrap_err().to_string();
        assert!(fault.ends_with("uv-355-xtool, shop"), "{fault}");
        assert!(
            find("no/such.toml", None)
                .unwrap_err()
                .to_string()
                .starts_with("cannot read")
        );
    }

    #[test]
    fn a_profile_needs_only_what_differs_from_its_base() {
        let machine = parse("based_on = 'green-532'\nspacing_xy_mm = 0.07").unwrap();
        let base = find("green-532", None).unwrap();
        assert_eq!(machine.name, "mine");
        assert_eq!(machine.spacing_xy_mm, 0.07);
        assert_eq!(machine.rate_hz, base.rate_hz);
        // The base's source says nothing about the file's own number.
        assert!(!machine.sources.contains_key("spacing_xy_mm"));
    }

    #[test]
    fn a_machine_survives_its_own_text() {
        for mut machine in built_in() {
            machine.name.push_str("-copy");
            let text = toml::to_string(&machine).unwrap();
            assert_eq!(parse(&text).unwrap(), machine);
        }
    }

    #[test]
    fn faults_are_one_clear_line() {
        let on_base = |line: &str| fault(&format!("based_on = 'green-532'\n{line}"));
        let cases = [
            (
                on_base("rate_hz = -5"),
                "rate_hz = -5 does not lie between 0.1 and",
            ),
            (on_base("rate_hz = nan"), "rate_hz = NaN"),
            (on_base("spacing_z_mm = inf"), "spacing_z_mm = inf"),
            (on_base("layers = 0"), "layers = 0"),
            (on_base("layers = -1"), "layers"),
            (
                on_base("decimals = 1"),
                "decimals = 1 does not lie between 2 and 6",
            ),
            (on_base("field_mm = [0, 10]"), "field_mm = 0"),
            (on_base("axes = '+x +z +y'"), "the beam runs along z"),
            (on_base("format = 'docx'"), "unknown format `docx`"),
            (on_base("colour = 'green'"), "unknown field `colour`"),
            (on_base("name = 'green-532'"), "built-in"),
            (
                fault("based_on = 'blue'"),
                "is no built-in machine; name one of green-532",
            ),
            (fault("name = 'x'\nrate_hz = ="), "line 2: "),
            (fault("rate_hz = 100"), "missing field"),
        ];
        for (fault, part) in cases {
            assert!(fault.contains(part), "{fault:?} lacks {part:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_machine_or_one_line(text in "\\PC{0,80}(\n\\PC{0,30}){0,3}") {
            if let Err(fault) = parse(&text) {
                prop_assert!(!fault.to_string().contains('\n'));
            }
        }

        #[test]
        fn any_number_is_within_limits_or_refused(
            which in 0usize..10,
            value in prop::num::f64::ANY,
        ) {
            let field = numbers(&find("green-532", None).unwrap())[which].0;
            let mut table = Table::new();
            table.insert("based_on".into(), "green-532".into());
            table.insert(field.into(), value.into());
            if let Ok(machine) = parse(&table.to_string()) {
                let (_, least, most) = LIMITS.iter().find(|limit| limit.0 == field).unwrap();
                prop_assert!((*least..=*most).contains(&numbers(&machine)[which].1));
            }
        }
    }
}
