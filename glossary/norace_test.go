//go:build !race

package glossary

const raced = false
