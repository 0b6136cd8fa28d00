// Package rig is what the commands have in common that run real servers on this
// machine to measure them or to do them harm: a session in which package testnet
// works outside tests, the programs of this module, what a server says of
// itself, and figures in the documentation.
package rig
