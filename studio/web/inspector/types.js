/**
 * The types of the recipe inspector: documents as JSON, and the fields as `/api/v1/recipe-fields` describes them.
 *
 * @typedef {null | boolean | number | string | Json[] | { [key: string]: Json }} Json
 * @typedef {{ [key: string]: Json }} Recipe
 * @typedef {'A' | 'B' | 'C' | 'D'} Slot
 * @typedef {'model' | 'number' | 'integer' | 'text' | 'toggle' | 'choice' | 'image'} FieldKind
 * @typedef {'checkpoint' | 'vae' | 'controlnet' | 'lora' | 'detector' | 'ip_adapter' | 'image_encoder'} ModelType
 *
 * @typedef {object} Preset what is edited of it; the rest stays as it is
 * @property {string} name
 * @property {string} theme_prompt
 * @property {Record<Slot, Recipe>} recipes
 *
 * @typedef {object} Field
 * @property {string} path with `*` for each item of a list
 * @property {string} section
 * @property {FieldKind} kind
 * @property {string} label
 * @property {string} help
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {number | null} slider_maximum where a slider ends
 * @property {number | null} step of a slider
 * @property {number | null} multiple_of
 * @property {number | null} max_length
 * @property {string} unit
 * @property {{ value: string, label: string }[]} choices
 * @property {ModelType | null} model
 * @property {boolean} optional
 * @property {number} lines
 * @property {{ path: string, values: Json[] }[]} hidden_when
 *
 * @typedef {object} Section
 * @property {string} id
 * @property {string} label
 * @property {{ fields: string[], strength: string } | null} steps
 *
 * @typedef {object} List
 * @property {string} path
 * @property {string} section
 * @property {string} label
 * @property {string} add
 * @property {number} maximum
 * @property {Recipe} item
 *
 * @typedef {{ sections: Section[], fields: Field[], lists: List[] }} Description
 *
 * @typedef {object} Model as `/api/v1/models` lists it
 * @property {ModelType} kind
 * @property {string} name
 * @property {string} family
 * @property {number} size_bytes
 * @property {string | null} sha256
 * @property {string[]} trigger_words
 * @property {string | null} preview
 *
 * @typedef {object} Check as `/api/v1/preset-checks` answers
 * @property {Record<string, string>} errors
 * @property {Record<Slot, number | null>} tokens
 * @property {number} chunk_tokens
 * @property {Record<string, number>} seconds_per_step for 512 × 512 pixels, by base model
 *
 * @typedef {{ slug: string, version: number, preset: Preset }} Saved the version that was loaded
 * @typedef {object} RequestInputs what a draft has besides the preset
 * @property {string} user_prompt
 * @property {number | null} seed
 * @property {string | null} base_image_id
 */

/** @type {readonly Slot[]} */
export const SLOTS = ['A', 'B', 'C', 'D'];
