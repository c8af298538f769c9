//! The least cut between subject and background on a raster with eight neighbours.
//!
//! Two trees grow from source and sink; where they meet, flow is pushed along the path, and nodes
//! that lose their parent look for another one in their tree. Capacities are whole numbers, so that
//! the cut is exact and the same everywhere; one thread, since the order of paths decides between
//! equal cuts.
//!
//! # Source
//!
//! Y. Boykov, V. Kolmogorov, *An experimental comparison of min-cut/max-flow algorithms for energy
//! minimization in vision*, IEEE TPAMI 26(9), 2004, section 3.

use std::collections::VecDeque;

use crate::grid::Grid;

/// Column and row steps of the neighbours that own an edge: the other four are the same edges,
/// seen from the other end.
pub(super) const STEPS: [(isize, isize); 4] = [(1, 0), (1, 1), (0, 1), (-1, 1)];

/// Parents: 0 to 7 is a neighbour.
const TERMINAL: u8 = 8;
const ORPHAN: u8 = 9;
const NONE: u8 = 10;

#[derive(Clone, Copy, PartialEq)]
enum Tree {
    Free,
    Source,
    Sink,
}

/// A raster between source and sink.
pub(super) struct Flow {
    width: usize,
    /// Columns with the empty border around the raster, which saves asking where a neighbour is.
    stride: usize,
    height: usize,
    /// Index steps to the eight neighbours; `k` and `(k + 4) % 8` are opposite.
    steps: [isize; 8],
    /// What is left of each edge, leaving its node.
    edges: Vec<[i32; 8]>,
    /// What is left toward the source (positive) or the sink (negative).
    terminal: Vec<i32>,
    tree: Vec<Tree>,
    parent: Vec<u8>,
    stamp: Vec<u32>,
    distance: Vec<u32>,
    active: VecDeque<usize>,
    queued: Vec<bool>,
    orphans: VecDeque<usize>,
    time: u32,
}

impl Flow {
    /// `bias` is positive where a pixel belongs to the source; `edge(pixel, k)` is the price of
    /// cutting it from its neighbour `STEPS[k]`, both from 0 to 2^20.
    pub(super) fn new(bias: &Grid<i32>, edge: impl Fn(usize, usize, usize) -> i32) -> Self {
        let (width, height) = (bias.width(), bias.height());
        let stride = width + 2;
        let nodes = stride * (height + 2);
        let s = stride as isize;
        let steps = [1, s + 1, s, s - 1, -1, -s - 1, -s, 1 - s];
        let mut flow = Self {
            width,
            stride,
            height,
            steps,
            edges: vec![[0; 8]; nodes],
            terminal: vec![0; nodes],
            tree: vec![Tree::Free; nodes],
            parent: vec![NONE; nodes],
            stamp: vec![0; nodes],
            distance: vec![0; nodes],
            active: VecDeque::new(),
            queued: vec![false; nodes],
            orphans: VecDeque::new(),
            time: 0,
        };
        for row in 0..height {
            for column in 0..width {
                let node = flow.node(column, row);
                flow.terminal[node] = bias.at(column, row);
                for (k, (right, down)) in STEPS.iter().enumerate() {
                    let to = (column as isize + right, row as isize + down);
                    if (0..width as isize).contains(&to.0) && to.1 < height as isize {
                        let capacity = edge(column, row, k).max(0);
                        let other = node.wrapping_add_signed(steps[k]);
                        flow.edges[node][k] = capacity;
                        flow.edges[other][k + 4] = capacity;
                    }
                }
            }
        }
        flow
    }

    fn node(&self, column: usize, row: usize) -> usize {
        (row + 1) * self.stride + column + 1
    }

    fn neighbour(&self, node: usize, k: usize) -> usize {
        node.wrapping_add_signed(self.steps[k])
    }

    /// What can still flow from the root of the tree's side: away from the source, toward the sink.
    fn left(&self, node: usize, k: usize, tree: Tree) -> i32 {
        if tree == Tree::Source {
            self.edges[node][k]
        } else {
            self.edges[self.neighbour(node, k)][(k + 4) % 8]
        }
    }

    /// The least cut: true where a pixel stays with the source.
    pub(super) fn cut(mut self) -> Grid<bool> {
        for node in 0..self.terminal.len() {
            if self.terminal[node] != 0 {
                let sourced = self.terminal[node] > 0;
                self.tree[node] = if sourced { Tree::Source } else { Tree::Sink };
                self.parent[node] = TERMINAL;
                self.distance[node] = 1;
                self.wake(node);
            }
        }
        while let Some(node) = self.active.pop_front() {
            self.queued[node] = false;
            while self.tree[node] != Tree::Free {
                let Some((source_end, k)) = self.grow(node) else {
                    break;
                };
                self.time += 1;
                self.augment(source_end, k);
                self.adopt();
            }
        }
        let mut cut = Grid::filled(self.width, self.height, false);
        for row in 0..self.height {
            for column in 0..self.width {
                cut.set(
                    column,
                    row,
                    self.tree[self.node(column, row)] == Tree::Source,
                );
            }
        }
        cut
    }

    fn wake(&mut self, node: usize) {
        if !self.queued[node] {
            self.queued[node] = true;
            self.active.push_back(node);
        }
    }

    /// Takes free neighbours into the tree; returns the edge, from the source's side, where it
    /// meets the other one.
    fn grow(&mut self, node: usize) -> Option<(usize, usize)> {
        let tree = self.tree[node];
        for k in 0..8 {
            if self.left(node, k, tree) == 0 {
                continue;
            }
            let other = self.neighbour(node, k);
            let back = ((k + 4) % 8) as u8;
            if self.tree[other] == Tree::Free {
                self.tree[other] = tree;
                self.parent[other] = back;
                self.stamp[other] = self.stamp[node];
                self.distance[other] = self.distance[node] + 1;
                self.wake(other);
            } else if self.tree[other] != tree {
                return Some(if tree == Tree::Source {
                    (node, k)
                } else {
                    (other, usize::from(back))
                });
            } else if self.stamp[other] <= self.stamp[node]
                && self.distance[other] > self.distance[node] + 1
            {
                // A shorter way to the root.
                self.parent[other] = back;
                self.stamp[other] = self.stamp[node];
                self.distance[other] = self.distance[node] + 1;
            }
        }
        None
    }

    /// Pushes all that fits along the path over an edge from the source's tree to the sink's.
    fn augment(&mut self, source_end: usize, k: usize) {
        let sink_end = self.neighbour(source_end, k);
        let mut room = self.edges[source_end][k];
        for (start, tree) in [(source_end, Tree::Source), (sink_end, Tree::Sink)] {
            let mut node = start;
            while self.parent[node] != TERMINAL {
                let up = usize::from(self.parent[node]);
                let parent = self.neighbour(node, up);
                room = room.min(self.left(parent, (up + 4) % 8, tree));
                node = parent;
            }
            room = room.min(self.terminal[node].abs());
        }
        self.edges[source_end][k] -= room;
        self.edges[sink_end][(k + 4) % 8] += room;
        for (start, tree) in [(source_end, Tree::Source), (sink_end, Tree::Sink)] {
            let mut node = start;
            while self.parent[node] != TERMINAL {
                let up = usize::from(self.parent[node]);
                let parent = self.neighbour(node, up);
                let down = (up + 4) % 8;
                let sourced = tree == Tree::Source;
                let sign = if sourced { 1 } else { -1 };
                self.edges[parent][down] -= sign * room;
                self.edges[node][up] += sign * room;
                let left = self.left(parent, down, tree);
                if left == 0 {
                    self.orphan(node);
                }
                node = parent;
            }
            self.terminal[node] -= self.terminal[node].signum() * room;
            if self.terminal[node] == 0 {
                self.orphan(node);
            }
        }
    }

    fn orphan(&mut self, node: usize) {
        self.parent[node] = ORPHAN;
        self.orphans.push_back(node);
    }

    fn adopt(&mut self) {
        while let Some(node) = self.orphans.pop_front() {
            let tree = self.tree[node];
            let mut best: Option<(u32, u8)> = None;
            for k in 0..8 {
                let other = self.neighbour(node, k);
                if self.tree[other] != tree || self.left(other, (k + 4) % 8, tree) == 0 {
                    continue;
                }
                if let Some(distance) = self.root_distance(other)
                    && best.is_none_or(|(least, _)| distance < least)
                {
                    best = Some((distance, k as u8));
                }
            }
            if let Some((distance, k)) = best {
                self.parent[node] = k;
                self.stamp[node] = self.time;
                self.distance[node] = distance + 1;
                continue;
            }
            for k in 0..8 {
                let other = self.neighbour(node, k);
                if self.tree[other] != tree {
                    continue;
                }
                if self.left(other, (k + 4) % 8, tree) > 0 {
                    self.wake(other);
                }
                let parent = self.parent[other];
                if parent < TERMINAL && self.neighbour(other, usize::from(parent)) == node {
                    self.orphan(other);
                }
            }
            self.tree[node] = Tree::Free;
            self.parent[node] = NONE;
        }
    }

    /// Steps from a node to its terminal; `None` where the way ends at an orphan. Marks the way,
    /// so that the next search stops early.
    fn root_distance(&mut self, start: usize) -> Option<u32> {
        let (mut node, mut steps) = (start, 0);
        let total = loop {
            if self.stamp[node] == self.time {
                break steps + self.distance[node];
            }
            match self.parent[node] {
                TERMINAL => {
                    self.stamp[node] = self.time;
                    self.distance[node] = 1;
                    break steps + 1;
                }
                ORPHAN | NONE => return None,
                up => node = self.neighbour(node, usize::from(up)),
            }
            steps += 1;
        };
        let (mut node, mut distance) = (start, total);
        while self.stamp[node] != self.time {
            self.stamp[node] = self.time;
            self.distance[node] = distance;
            distance -= 1;
            node = self.neighbour(node, usize::from(self.parent[node]));
        }
        Some(total)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The price of a labelling: what it says no to, and the edges it cuts.
    fn price(
        bias: &Grid<i32>,
        edge: &impl Fn(usize, usize, usize) -> i32,
        labels: &dyn Fn(usize, usize) -> bool,
    ) -> i64 {
        let (width, height) = (bias.width(), bias.height());
        let mut price = 0;
        for row in 0..height {
            for column in 0..width {
                let label = labels(column, row);
                let bias = i64::from(bias.at(column, row));
                price += if label { (-bias).max(0) } else { bias.max(0) };
                for (k, (right, down)) in STEPS.iter().enumerate() {
                    let to = (column as isize + right, row as isize + down);
                    if (0..width as isize).contains(&to.0)
                        && to.1 < height as isize
                        && labels(to.0 as usize, to.1 as usize) != label
                    {
                        price += i64::from(edge(column, row, k));
                    }
                }
            }
        }
        price
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_other_cut_is_cheaper(
            width in 1..5usize,
            height in 1..4usize,
            seed in any::<u64>(),
        ) {
            let random = |index: u64, most: u64| (crate::random::bits(seed, index) % most) as i32;
            let at = |column: usize, row: usize| (row * width + column) as u64;
            let bias = Grid::from_fn(width, height, |c, r| random(at(c, r), 41) - 20);
            let edge = |c: usize, r: usize, k: usize| random(1000 + at(c, r) * 4 + k as u64, 15);
            let cut = Flow::new(&bias, edge).cut();
            let found = price(&bias, &edge, &|c, r| cut.at(c, r));
            let pixels = width * height;
            let cheapest = (0..1_u32 << pixels)
                .map(|bits| price(&bias, &edge, &|c, r| bits >> at(c, r) & 1 == 1))
                .min();
            prop_assert_eq!(Some(found), cheapest);
        }
    }

    #[test]
    fn a_strong_edge_holds_a_weak_pixel() {
        let bias = Grid::from_values(3, 1, vec![10, -1, -10]).unwrap();
        let cut = Flow::new(&bias, |column, _, _| if column == 0 { 5 } else { 1 }).cut();
        assert_eq!(cut.values(), [true, true, false]);
    }
}
