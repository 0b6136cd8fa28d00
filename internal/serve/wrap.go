package serve

import "slices"

// Wrap puts middleware around a handler; the first sees a query first.
func Wrap[H any, M ~func(H) H](h H, middleware []M) H {
	for _, m := range slices.Backward(middleware) {
		h = m(h)
	}
	return h
}
