// Package keajson reads Kea's dialect of JSON into Go structs, and reports all
// mistakes at once, each with its path and its place in the file.
//
// The dialect adds to JSON comments (from # or // to the end of the line, and
// /* */), inclusion of files (<?include "file"?>, anywhere between tokens) and
// a comma behind the last element. [Parse] makes a tree of the text, [Decode]
// a struct of the tree. Texts may come from anywhere: size, depth and the
// number of values are bounded.
package keajson
