//! Prints the schema: what `schema.graphql` beside this crate must hold.

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    print!("{}", callboard_graphql::sdl());
}
