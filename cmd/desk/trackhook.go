package main

import (
	"io"
	"net/http"
)

// tracked takes in what a tracking service calls with.
func (a *app) tracked(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestCall))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	w.WriteHeader(a.desk.TrackPush(r.Context(), r.PathValue("service"), r.Header, raw))
}
