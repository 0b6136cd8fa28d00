//go:build !linux

package main

// reloading is for systemd, which is only on Linux.
func reloading() []string { return nil }
