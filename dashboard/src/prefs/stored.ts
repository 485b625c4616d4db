/** A choice that outlives the page. Browsers may refuse to keep it; then it lasts as long as the page does. */
export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`faena.${name}`)
  } catch {
    return null
  }
}

export function store(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`faena.${name}`)
    else localStorage.setItem(`faena.${name}`, value)
  } catch {
    // Kept for this page only.
  }
}
