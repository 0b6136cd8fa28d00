package conf

import "fmt"

// At joins the path of an object and a key in it.
func At(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Index returns the path of a list's element.
func Index(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
