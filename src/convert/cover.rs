//! Which points to touch so that no two of the others stand too close: a small cover of a graph.
//!
//! # Source
//!
//! Taking the neighbour of a node with a single edge is part of a least cover (Karp, Sipser, *Maximum
//! matchings in sparse random graphs*, 1981); the node with the most edges is the usual rule where
//! there is none.

use std::collections::{BinaryHeap, HashMap};

use rayon::prelude::*;

use super::respace::{Scale, Steps};
use super::rows::{Axes, Rows, Sorted};

/// More edges than this are not held in memory (80 MB): a file that crowds so is thinned in its own
/// order.
const MOST_EDGES: u64 = 20_000_000;

/// Points, in rising order, such that of each pair that is too close one is among them.
///
/// `close` are the points that may stand too close to another, in rising order.
pub(super) fn cover(close: &[u32], scale: &Scale, places: &[Steps]) -> Vec<u32> {
    let nodes: Vec<u32> = (0..close.len() as u32).collect();
    let place = |node: u32| places[close[node as usize] as usize];
    let rows = Rows::new(scale, Axes::of(scale, places), &nodes, place);
    let cells = rows.points().chunk_by(|a, b| a.cell == b.cell);
    let pairs: u64 = cells.map(|points| (points.len() as u64).pow(2)).sum();
    let mut taken = if pairs > MOST_EDGES {
        in_file_order(close, scale, places)
    } else {
        let edges = edges(&rows, scale);
        fewest(&edges)
            .into_iter()
            .map(|node| close[node as usize])
            .collect()
    };
    taken.sort_unstable();
    taken
}

/// Each point that stands too close to an earlier one that is not taken.
fn in_file_order(close: &[u32], scale: &Scale, places: &[Steps]) -> Vec<u32> {
    let mut left: HashMap<[i32; 3], Vec<Steps>> = HashMap::new();
    let mut taken = Vec::new();
    for &index in close {
        let place = places[index as usize];
        let cell = scale.cell(place);
        let crowded = around(cell).any(|cell| {
            let others = left.get(&cell).into_iter().flatten();
            others
                .into_iter()
                .any(|&other| scale.distance(place, other) < scale.least)
        });
        if crowded {
            taken.push(index);
        } else {
            left.entry(cell).or_default().push(place);
        }
    }
    taken
}

/// For each of the close points, by its node, those that it stands too close to, in rising order.
fn edges(rows: &Rows, scale: &Scale) -> Vec<Vec<u32>> {
    let edges_of = |point: &Sorted| {
        let mut edges: Vec<u32> = rows
            .around(point.cell, 1)
            .filter(|other| {
                other.name != point.name && scale.distance(point.place, other.place) < scale.least
            })
            .map(|other| other.name)
            .collect();
        edges.sort_unstable();
        (point.name, edges)
    };
    let found: Vec<(u32, Vec<u32>)> = rows.points().par_iter().map(edges_of).collect();
    let mut all = vec![Vec::new(); found.len()];
    for (node, edges) in found {
        all[node as usize] = edges;
    }
    all
}

/// A small set of nodes that holds an end of each edge.
fn fewest(edges: &[Vec<u32>]) -> Vec<u32> {
    let mut degree: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut gone = vec![false; edges.len()];
    let nodes = 0..edges.len() as u32;
    let mut leaves: Vec<u32> = nodes
        .clone()
        .filter(|&node| degree[node as usize] == 1)
        .collect();
    // Of several with as many edges the last in the file: a copy goes rather than what it copies.
    let mut heap: BinaryHeap<(usize, u32)> = nodes
        .filter(|&node| degree[node as usize] > 1)
        .map(|node| (degree[node as usize], node))
        .collect();
    let mut taken = Vec::new();
    loop {
        let node = if let Some(leaf) = leaves.pop() {
            if gone[leaf as usize] || degree[leaf as usize] != 1 {
                continue;
            }
            let others = &edges[leaf as usize];
            let Some(&other) = others.iter().find(|&&other| !gone[other as usize]) else {
                continue;
            };
            // Of a lone pair, the later one.
            if degree[other as usize] == 1 {
                other.max(leaf)
            } else {
                other
            }
        } else if let Some((edges, node)) = heap.pop() {
            let now = degree[node as usize];
            if gone[node as usize] || now == 0 {
                continue;
            }
            if now != edges {
                heap.push((now, node));
                continue;
            }
            node
        } else {
            return taken;
        };
        gone[node as usize] = true;
        degree[node as usize] = 0;
        taken.push(node);
        for &other in &edges[node as usize] {
            if !gone[other as usize] {
                degree[other as usize] -= 1;
                if degree[other as usize] == 1 {
                    leaves.push(other);
                }
            }
        }
    }
}

/// A cell and the 26 that touch it.
fn around([x, y, z]: [i32; 3]) -> impl Iterator<Item = [i32; 3]> {
    // Cells at the ends of the numbers hold what is beyond them; they have no neighbours there.
    let step = |cell: i32, by: i32| cell.saturating_add(by - 1);
    (0..27).map(move |n| [step(x, n % 3), step(y, n / 3 % 3), step(z, n / 9)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(nodes: usize, pairs: &[(usize, usize)]) -> Vec<Vec<u32>> {
        let mut edges = vec![Vec::new(); nodes];
        for &(a, b) in pairs {
            if a != b && !edges[a].contains(&(b as u32)) {
                edges[a].push(b as u32);
                edges[b].push(a as u32);
            }
        }
        edges
    }

    fn covers(edges: &[Vec<u32>], taken: &[u32]) -> bool {
        let free = |node: u32| !taken.contains(&node);
        (0..edges.len() as u32).all(|a| edges[a as usize].iter().all(|&b| !free(a) || !free(b)))
    }

    #[test]
    fn stars_and_chains_take_the_fewest() {
        let star = graph(5, &[(2, 0), (2, 1), (2, 3), (2, 4)]);
        assert_eq!(fewest(&star), [2]);
        let chain = graph(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(fewest(&chain).len(), 3);
        assert_eq!(fewest(&graph(2, &[(0, 1)])), [1]);
    }

    proptest! {
        #[test]
        fn every_edge_is_covered_and_trees_take_the_fewest(
            pairs in prop::collection::vec((0_usize..10, 0_usize..10), 0..18),
            parents in prop::collection::vec(0_usize..100, 9),
        ) {
            let any = graph(10, &pairs);
            prop_assert!(covers(&any, &fewest(&any)));
            let tree: Vec<(usize, usize)> =
                parents.iter().enumerate().map(|(i, parent)| (i + 1, parent % (i + 1))).collect();
            let tree = graph(10, &tree);
            let least = (0_u32..1024)
                .filter(|set| {
                    let nodes: Vec<u32> = (0..10).filter(|node| set >> node & 1 == 1).collect();
                    covers(&tree, &nodes)
                })
                .map(u32::count_ones)
                .min();
            prop_assert_eq!(fewest(&tree).len() as u32, least.unwrap());
        }
    }
}
