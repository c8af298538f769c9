//! XMP packets -> what they say of depth.
//!
//! XMP is RDF in XML, in which the same property may be an attribute or an element, on any
//! description, under any prefix. So nothing is asked of the structure but this: properties are
//! known by namespace and name; one inside an item of a container's directory, or inside a depth
//! map of a camera, belongs to that item or map.
//!
//! # Source
//!
//! Google, Depth Map Metadata (2014), reference; Google, Dynamic Depth 1.0 (2019), "Container" and
//! "Depth Map".

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{LocalName, Namespace, ResolveResult};
use quick_xml::reader::NsReader;

const GDEPTH: &str = "http://ns.google.com/photos/1.0/depthmap/";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const DEPTH_MAP: &str = "http://ns.google.com/photos/dd/1.0/depthmap/";
const CAMERA: &str = "http://ns.google.com/photos/dd/1.0/camera/";
/// Containers and their items, as Dynamic Depth and as other photos of phones write them.
const CONTAINERS: [&str; 2] = [
    "http://ns.google.com/photos/dd/1.0/container/",
    "http://ns.google.com/photos/1.0/container/",
];
const ITEMS: [&str; 2] = [
    "http://ns.google.com/photos/dd/1.0/item/",
    "http://ns.google.com/photos/1.0/container/item/",
];
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// Elements inside one another that are followed. Packets of phones have 12; the limit keeps
/// hostile ones small.
const DEEPEST: usize = 64;
/// Items and maps that are kept.
const MOST: usize = 64;

/// Whether a packet names one of the namespaces of depth maps at all.
pub(super) fn mentions_depth(packet: &[u8]) -> bool {
    [GDEPTH, DEPTH_MAP].iter().any(|name| {
        packet
            .windows(name.len())
            .any(|bytes| bytes == name.as_bytes())
    })
}

/// What a depth map's values mean, as the packet spells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scale {
    pub(super) format: Option<String>,
    pub(super) near: Option<String>,
    pub(super) far: Option<String>,
    pub(super) units: Option<String>,
}

/// A depth map of Dynamic Depth: its image is an item of the container.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map {
    pub(super) scale: Scale,
    pub(super) uri: Option<String>,
    /// `Depth` or `Segmentation`.
    pub(super) semantic: Option<String>,
}

/// One file in a container, in the order in which they are appended.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Item {
    pub(super) length: u64,
    pub(super) padding: u64,
    pub(super) uri: Option<String>,
    pub(super) semantic: Option<String>,
}

/// All that packets say of depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) gdepth: Scale,
    /// The image of a GDepth map, base64.
    pub(super) data: Option<String>,
    pub(super) maps: Vec<Map>,
    pub(super) items: Vec<Item>,
    /// Digest of the extended packet.
    pub(super) extended: Option<String>,
}

impl Found {
    /// Adds what a packet says. What was said before stays.
    ///
    /// # Errors
    ///
    /// What is wrong with the XML, as a clause.
    pub(super) fn read(&mut self, packet: &[u8]) -> Result<(), String> {
        let packet = String::from_utf8_lossy(packet);
        // Packets are padded with blanks, some writers' with zeros.
        let mut reader = NsReader::from_str(packet.trim_matches(['\0', '\u{feff}']));
        let wrong = |error: quick_xml::Error| format!("its XMP is no XML: {error}");
        let mut path: Vec<(String, String)> = Vec::new();
        let mut text = String::new();
        loop {
            match reader.read_event().map_err(wrong)? {
                Event::Start(start) => {
                    if path.len() == DEEPEST {
                        return Err(format!("its XMP is nested deeper than {DEEPEST}"));
                    }
                    self.open(&reader, &start, &path)?;
                    path.push(element(&reader, &start));
                    text.clear();
                }
                Event::Empty(start) => self.open(&reader, &start, &path)?,
                Event::Text(part) => text.push_str(&part),
                Event::CData(part) => text.push_str(&part),
                Event::GeneralRef(part) => {
                    // Depth needs none but those of URIs.
                    text.push_str(if &*part == "amp" { "&" } else { " " });
                }
                Event::End(_) => {
                    if let Some((namespace, name)) = path.pop() {
                        self.set(&namespace, &name, text.trim());
                    }
                    text.clear();
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Begins an item or a map where the element is one, and takes its attributes.
    fn open(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart,
        path: &[(String, String)],
    ) -> Result<(), String> {
        let (namespace, name) = element(reader, start);
        let in_directory = path
            .iter()
            .any(|(of, name)| CONTAINERS.contains(&of.as_str()) && name == "Directory");
        if in_directory && namespace == RDF && name == "li" && self.items.len() < MOST {
            self.items.push(Item::default());
        }
        if namespace == CAMERA && name == "DepthMap" && self.maps.len() < MOST {
            self.maps.push(Map::default());
        }
        // Unchecked: Google's own example has an attribute twice.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| format!("its XMP is no XML: {error}"))?;
            let (namespace, name) = named(reader.resolver().resolve_attribute(attribute.key));
            // Images are long, and base64 needs no unescaping.
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| format!("its XMP is no XML: {error}"))?;
            self.set(&namespace, &name, &value);
        }
        Ok(())
    }

    fn set(&mut self, namespace: &str, name: &str, value: &str) {
        let slot = match namespace {
            _ if value.is_empty() => return,
            GDEPTH if name == "Data" => &mut self.data,
            GDEPTH => match self.gdepth.slot(name) {
                Some(slot) => slot,
                None => return,
            },
            NOTE if name == "HasExtendedXMP" => &mut self.extended,
            DEPTH_MAP => {
                let Some(map) = self.maps.last_mut() else {
                    return;
                };
                match name {
                    "DepthURI" => &mut map.uri,
                    "ItemSemantic" => &mut map.semantic,
                    _ => match map.scale.slot(name) {
                        Some(slot) => slot,
                        None => return,
                    },
                }
            }
            _ if ITEMS.contains(&namespace) => {
                let Some(item) = self.items.last_mut() else {
                    return;
                };
                match name {
                    "Length" => {
                        item.length = value.parse().unwrap_or(0);
                        return;
                    }
                    "Padding" => {
                        item.padding = value.parse().unwrap_or(0);
                        return;
                    }
                    "DataURI" => &mut item.uri,
                    "Semantic" => &mut item.semantic,
                    _ => return,
                }
            }
            _ => return,
        };
        slot.get_or_insert_with(|| value.to_owned());
    }
}

impl Scale {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "Format" => Some(&mut self.format),
            "Near" => Some(&mut self.near),
            "Far" => Some(&mut self.far),
            "Units" => Some(&mut self.units),
            _ => None,
        }
    }
}

/// Namespace and local name of an element.
fn element(reader: &NsReader<&[u8]>, start: &BytesStart) -> (String, String) {
    named(reader.resolver().resolve_element(start.name()))
}

/// Namespace and local name; without a namespace, an empty one.
fn named((namespace, local): (ResolveResult, LocalName)) -> (String, String) {
    let namespace = match namespace {
        ResolveResult::Bound(Namespace(namespace)) => namespace.to_owned(),
        _ => String::new(),
    };
    (namespace, local.as_ref().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(description: &str) -> Found {
        let packet = format!(
            "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>\
             <rdf:RDF xmlns:rdf='{RDF}'>{description}</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
        );
        let mut found = Found::default();
        found.read(packet.as_bytes()).unwrap();
        found
    }

    #[test]
    fn attributes_and_elements_say_the_same() {
        let attributes = read(&format!(
            "<rdf:Description xmlns:G='{GDEPTH}' G:Near='0.5' G:Far='20' G:Format='RangeLinear' \
             G:Mime='image/jpeg' G:Mime='image/png' G:Data='QUJD'/>"
        ));
        let elements = read(&format!(
            "<rdf:Description xmlns:GDepth='{GDEPTH}'><GDepth:Near> 0.5 </GDepth:Near>\
             <GDepth:Far>20</GDepth:Far><GDepth:Format>RangeLinear</GDepth:Format>\
             <GDepth:Data>QUJD</GDepth:Data></rdf:Description>"
        ));
        assert_eq!(attributes, elements);
        assert_eq!(attributes.gdepth.near.as_deref(), Some("0.5"));
        assert_eq!(attributes.data.as_deref(), Some("QUJD"));
    }

    #[test]
    fn prefixes_do_not_count_namespaces_do() {
        let found = read("<rdf:Description xmlns:GDepth='http://example.com/' GDepth:Near='1'/>");
        assert_eq!(found, Found::default());
    }

    #[test]
    fn items_and_maps_keep_their_own_properties() {
        let found = read(&format!(
            "<rdf:Description xmlns:Container='{}' xmlns:Item='{}' xmlns:Camera='{CAMERA}' \
             xmlns:DepthMap='{DEPTH_MAP}'>\
             <Container:Directory><rdf:Seq>\
             <rdf:li rdf:parseType='Resource'><Container:Item Item:Length='0' Item:Padding='4'/></rdf:li>\
             <rdf:li rdf:parseType='Resource'><Container:Item rdf:parseType='Resource'>\
             <Item:Length>77</Item:Length><Item:DataURI>a&amp;b</Item:DataURI></Container:Item></rdf:li>\
             </rdf:Seq></Container:Directory>\
             <Camera:DepthMap DepthMap:Near='1' DepthMap:DepthURI='one'/>\
             <Camera:DepthMap DepthMap:Near='2' DepthMap:ItemSemantic='Segmentation'/>\
             </rdf:Description>",
            CONTAINERS[0], ITEMS[0]
        ));
        assert_eq!(found.items.len(), 2);
        assert_eq!((found.items[0].length, found.items[0].padding), (0, 4));
        assert_eq!(found.items[1].length, 77);
        assert_eq!(found.items[1].uri.as_deref(), Some("a&b"));
        assert_eq!(found.maps[0].uri.as_deref(), Some("one"));
        assert_eq!(found.maps[1].scale.near.as_deref(), Some("2"));
    }

    #[test]
    fn hostile_packets_are_refused_not_followed() {
        let mut found = Found::default();
        let deep = "<a>".repeat(100_000);
        assert!(found.read(deep.as_bytes()).is_err());
        assert!(found.read(b"<a b=\"").is_err());
        assert!(found.read(&[0xff; 100]).is_ok());
    }
}
