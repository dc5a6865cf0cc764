//go:build race

package glossary

const raced = true
