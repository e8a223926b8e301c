import "element-plus/theme-chalk/el-message.css";

import { ElMessage } from "element-plus";
import { shallowRef } from "vue";

/** What cannot be undone, or wants a reason: asked before it is done. */
export interface Question {
  title: string;
  /** What exactly will happen, with its numbers. */
  what: string;
  /** The button's own verb. */
  act: string;
  danger?: boolean;
  /** Words that are asked for too, such as the reason that goes to the audit trail. */
  words?: { label: string; hint?: string; most?: number; optional?: boolean };
  /** What is done; its refusal is said in the dialog, which stays. Left out, the answer alone matters. */
  run?: (words: string) => Promise<unknown>;
  /** Said when it is done. */
  done?: string;
}

export interface Open extends Question {
  answer: (words: string | undefined) => void;
}

/** What `Asked.vue` shows, once in the frame. */
export const asking = shallowRef<Open>();

/** The words ("" where none were asked for) once it was meant and done; undefined where somebody thought better of it. */
export async function ask(question: Question): Promise<string | undefined> {
  asking.value?.answer(undefined);
  const words = await new Promise<string | undefined>((answer) => (asking.value = { ...question, answer }));
  if (words !== undefined && question.done) ElMessage.success(question.done);
  return words;
}

/** Whether it was meant, and done. */
export async function sure(question: Omit<Question, "words">): Promise<boolean> {
  return (await ask(question)) !== undefined;
}
